"""Members that end by themselves, that are of another version, or that serve nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checks.windows import windows
from harness.evidence.members.ends import idle_query_nodes, unplanned_ends, wrong_versions
from harness.history import Event, EventKind, History
from harness.slo.judge import judge
from harness.slo.limits import Limits
from harness.verdict import Verdict
from tests.unit.builders import Recipe, healthy, member, without_events
from tests.unit.judged import but, values

RECIPE = Recipe()
HISTORY = healthy(RECIPE)


def told(history: History, second: float, kind: EventKind, name: str, what: str, **detail: str) -> History:
    events = (*history.events, Event(RECIPE.at(second), kind, name, what, detail))
    return replace(history, events=tuple(sorted(events, key=lambda event: event.t_ns)))


def naming(history: History, members: str) -> History:
    """Have the fault's effect name its members."""
    events = tuple(
        replace(e, detail={"members": members}) if (e.kind, e.what) == (EventKind.FAULT, "effect") else e
        for e in history.events
    )
    return replace(history, events=events)


def ends(history: History) -> list[str]:
    return [event.name for event in unplanned_ends(history, windows(history))]


def test_a_member_that_the_fault_names_is_meant_to_end() -> None:
    named = naming(HISTORY, "querynode-1, querynode-2")
    for second in (39.5, 40.0, 45.5):
        assert ends(member(named, second, "querynode-2", "down")) == []
    assert ends(member(named, 40.0, "proxy-1", "down")) == ["proxy-1"]
    assert ends(member(named, 60.0, "querynode-2", "down")) == ["querynode-2"]


@pytest.mark.parametrize(("second", "counted"), [(-1, 0), (10, 1), (104, 1), (106, 0)])
def test_what_is_measured_is_what_counts(second: float, counted: int) -> None:
    assert len(ends(member(HISTORY, second, "proxy-1", "down"))) == counted


def test_each_end_counts() -> None:
    history = member(member(HISTORY, 60, "proxy-1", "down"), 70, "proxy-1", "down")
    assert ends(history) == ["proxy-1", "proxy-1"]
    found = judge(history, Limits(unplanned_restarts=1))
    assert (found.verdict, values(found)["unplanned_restarts"]) == (Verdict.FAIL, 2)
    (finding,) = found.findings
    assert (finding.count, finding.t_ns) == (2, RECIPE.at(60))
    assert finding.message == "ended though no fault said so: proxy-1, proxy-1"


def test_a_fault_that_never_healed_is_under_way() -> None:
    events = tuple(e for e in naming(HISTORY, "querynode-1").events if e.what not in ("heal", "healed"))
    assert ends(member(replace(HISTORY, events=events), 90, "querynode-1", "down")) == []


def test_a_members_end_belongs_to_the_action_that_names_it() -> None:
    def event(second: float, of: str, what: str, **detail: str) -> Event:
        return Event(RECIPE.at(second), EventKind.FAULT, "any", what, {**detail, "action": of})

    others = tuple(e for e in HISTORY.events if e.kind is not EventKind.FAULT)
    overlapping = (
        *(event(40, "1.1", "inject", members="querynode-1"), event(42, "1.2", "inject", members="proxy-1")),
        *(event(45, "1.1", "healed"), event(60, "1.2", "healed")),
    )
    history = replace(HISTORY, events=tuple(sorted((*others, *overlapping), key=lambda e: e.t_ns)))
    for second, name, planned in (
        *((44, "querynode-1", True), (50, "querynode-1", False)),
        *((40, "proxy-1", False), (50, "proxy-1", True), (62, "proxy-1", False)),
    ):
        assert (ends(member(history, second, name, "down")) == []) is planned, (second, name)


def of_fault(history: History, second: float, name: str, what: str) -> History:
    """Have the fault tell what becomes of a member."""
    event = Event(RECIPE.at(second), EventKind.FAULT, "roll", "member", {"member": name, "what": what})
    return replace(history, events=tuple(sorted((*history.events, event), key=lambda e: e.t_ns)))


def moved(history: History, name: str, *, leaving: float, ready: float | None) -> History:
    """Have the fault, from 40 to 45 s, ask a member to leave, and tell when it is ready."""
    history = of_fault(history, leaving, name, "leaving")
    if ready is None:
        return history
    return of_fault(history, ready, name, "ready")


def test_a_member_that_ends_again_while_others_are_changed_was_not_asked_to() -> None:
    rolled = moved(HISTORY, "proxy-1", leaving=41.5, ready=42.5)
    for moment, planned in ((40.4, False), (40.5, True), (42.0, True), (43.5, True), (43.6, False), (45, False)):
        assert (ends(member(rolled, moment, "proxy-1", "down")) == []) is planned, moment


def test_a_member_that_leaves_for_good_may_end_until_the_fault_is_healed() -> None:
    gone = moved(HISTORY, "proxy-1", leaving=41.5, ready=None)
    for moment, planned in ((40.4, False), (45.9, True), (46.1, False)):
        assert (ends(member(gone, moment, "proxy-1", "down")) == []) is planned, moment


def test_a_member_that_comes_may_end_until_it_is_ready() -> None:
    come = of_fault(HISTORY, 43, "proxy-2", "ready")
    for moment, planned in ((39.5, True), (44, True), (44.1, False)):
        assert (ends(member(come, moment, "proxy-2", "down")) == []) is planned, moment


def of_version(history: History, second: float, name: str, version: str) -> History:
    return told(history, second, EventKind.MEMBER, name, "version", version=version)


def test_every_member_must_report_what_the_cluster_began_with() -> None:
    begun = of_version(HISTORY, -1, "proxy-1", "2.3.5")
    assert wrong_versions(begun, windows(begun)) is None
    ended = of_version(of_version(begun, 120, "proxy-1", "v2.3.5"), 120, "querynode-9", "2.3.5")
    assert wrong_versions(ended, windows(ended)) == ()
    mixed = of_version(ended, 120, "datanode-1", "2.3.0")
    assert values(judge(mixed, Limits(wrong_versions=0)))["wrong_versions"] == 1
    found = judge(mixed, Limits(wrong_versions=0))
    assert found.verdict is Verdict.FAIL
    assert [(f.check, f.message) for f in found.findings] == [
        ("version", "at another version than declared: datanode-1 reports 2.3.0")
    ]


def test_after_an_upgrade_it_is_what_that_went_to() -> None:
    upgraded = told(HISTORY, 40, EventKind.FAULT, "upgrade", "inject", to="2.3.5")
    begun = of_version(upgraded, -1, "proxy-1", "2.3.0")
    for version, wrong in (("2.3.5", 0), ("2.3.0", 1)):
        ended = of_version(begun, 120, "proxy-1", version)
        assert len(wrong_versions(ended, windows(ended)) or ()) == wrong
    elsewhere = told(begun, 50, EventKind.FAULT, "upgrade", "inject", to="/some/folder")
    ended = of_version(elsewhere, 120, "proxy-1", "2.3.0")
    assert wrong_versions(ended, windows(ended)) == ()
    mixed = of_version(ended, 120, "datanode-1", "2.3.5")
    assert [event.name for event in wrong_versions(mixed, windows(mixed)) or ()] == ["datanode-1"]


@pytest.mark.parametrize(
    ("asked", "reported", "wrong"),
    [
        ("2.3.5", "2.3.5-lite", 0),
        ("v2.3.5", "2.3.5-lite", 0),
        ("2.3.5", "2.3.4-lite", 2),
        # What is no release of three numbers can't be held to one: the wheel of 2.3.0 calls itself that.
        ("2.3.0", "v2.2-testing-20230824-68-ga34a9d6-lite", 0),
        ("2.3.5", "master-20250101", 0),
    ],
)
def test_all_must_be_the_release_that_was_asked_for(asked: str, reported: str, wrong: int) -> None:
    history = told(HISTORY, -2, EventKind.MEMBER, "milvus", "declared", version=asked)
    for second in (-1, 120):
        for name in ("proxy-1", "datanode-1"):
            history = of_version(history, second, name, reported)
    assert len(wrong_versions(history, windows(history)) or ()) == wrong
    mixed = of_version(history, 121, "querynode-1", "feature-x")
    assert len(wrong_versions(mixed, windows(mixed)) or ()) == wrong + 1


@pytest.mark.parametrize(
    ("nodes", "living", "segments", "idle"), [(2, 2, 8, 0), (2, 3, 8, 1), (0, 2, 8, 2), (1, 3, 1, 0), (3, 2, 8, 0)]
)
def test_a_query_node_must_serve_where_there_is_enough_to_serve(
    nodes: int, living: int, segments: int, idle: int
) -> None:
    counts = {"nodes": str(nodes), "of": str(living), "segments": str(segments)}
    history = told(HISTORY, 110, EventKind.MEMBER, "querynode", "serving", **counts)
    assert idle_query_nodes(history) == idle
    found = judge(history, Limits(idle_query_nodes=0))
    assert (found.verdict is Verdict.FAIL) == bool(idle)
    told_of = f"only {nodes} of {living} query nodes serve segments in the end"
    assert [f.message for f in found.findings] == [told_of] * bool(idle)


def test_it_is_the_last_look_that_counts() -> None:
    history = HISTORY
    for second, nodes in ((109, "2"), (110, "1")):
        history = told(history, second, EventKind.MEMBER, "querynode", "serving", nodes=nodes, of="2", segments="8")
    assert idle_query_nodes(history) == 1
    (finding,) = judge(history, Limits(idle_query_nodes=0)).findings
    assert (finding.message[:9], finding.t_ns) == ("only 1 of", RECIPE.at(110))


def test_an_address_whose_members_nobody_sees_is_held_to_nothing() -> None:
    address = without_events(HISTORY, "up", EventKind.MEMBER)
    assert idle_query_nodes(address) is None
    limits = Limits(idle_query_nodes=0, wrong_versions=0, unplanned_restarts=0, recall=0.5)
    assert judge(address, limits).verdict is Verdict.PASS
    known = of_version(address, 120, "proxy", "2.3.5")
    assert [row.n for row in judge(known, limits).slos if row.limit == 0] == [1]


@pytest.mark.parametrize("figure", ["idle_query_nodes", "wrong_versions"])
def test_what_could_not_be_told_of_members_is_no_pass(figure: str) -> None:
    found = judge(HISTORY, but(Limits(recall=0.5), **{figure: 0}))
    assert found.verdict is Verdict.INVALID
    assert any(f"not measured: {figure}" in reason for reason in found.reasons)


@pytest.mark.parametrize("what", ["down", "paused", "starting"])
def test_a_member_that_is_not_up_in_the_end_is_no_recovery(what: str) -> None:
    broken = member(HISTORY, 60, "querynode-1", what)
    assert values(judge(broken, Limits()))["recover_s"] == float("inf")
    again = member(broken, 62, "querynode-1", "up")
    assert values(judge(again, Limits()))["recover_s"] == 22.0
    assert values(judge(member(broken, 62, "querynode-1", "gone"), Limits()))["recover_s"] == 5.0


def test_the_moments_on_the_edge_of_what_is_measured() -> None:
    at = windows(HISTORY)
    for t_ns, counted in ((at.begin_ns - 1, 0), (at.begin_ns, 1), (at.end_ns - 1, 1), (at.end_ns, 0)):
        down = Event(t_ns, EventKind.MEMBER, "proxy-1", "down")
        events = tuple(sorted((*HISTORY.events, down), key=lambda event: event.t_ns))
        assert len(unplanned_ends(replace(HISTORY, events=events), at)) == counted


def test_a_fault_tells_of_ends_up_to_a_second_before_and_after_it() -> None:
    named, second = naming(HISTORY, "querynode-1"), 1e-9
    for moment, planned in ((39 - second, False), (39, True), (46, True), (46 + second, False)):
        assert (ends(member(named, moment, "querynode-1", "down")) == []) is planned, moment


@pytest.mark.parametrize(("count", "shown"), [(10, "proxy-1"), (11, "\u2026")])
def test_ten_members_are_named(count: int, shown: str) -> None:
    history = HISTORY
    for number in range(count):
        history = member(history, 60 + number, "proxy-1", "down")
    (finding,) = judge(history, Limits(unplanned_restarts=0)).findings
    assert finding.message.rpartition(", ")[2] == shown


def test_a_fault_that_never_healed_is_under_way_from_a_second_before_it_on() -> None:
    lasting = without_events(naming(HISTORY, "querynode-1"), "healed")
    for moment, planned in ((38.9, False), (39.5, True), (100, True)):
        assert (ends(member(lasting, moment, "querynode-1", "down")) == []) is planned, moment
