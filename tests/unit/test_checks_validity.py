from dataclasses import replace

import numpy as np
import pytest

from harness.evidence.clients.judge import Clients
from harness.evidence.data.judge import Data
from harness.history import NS_PER_MS, NS_PER_S, Event, EventKind, History, Result
from harness.kind import WRITES, Kind
from harness.slo.evidence import judges
from harness.slo.judge import judge
from harness.verdict import Validity, Verdict
from tests.unit.builders import (
    Recipe,
    edit,
    empty,
    healthy,
    member,
    never_sent,
    outage,
    shuffled,
    slower,
    within,
    without_events,
)
from tests.unit.judged import DATA, LIMITS, inputs

RECIPE = Recipe(upsert_rate=2, read_rate=5, stock_rate=5)
HISTORY = healthy(RECIPE)


def rows(history: History, *, expects_fault: bool = True, gates_data: bool = True) -> list[Validity]:
    held = {"steady_p95_ms": 1.0, "steady_p99_ms": 1.0, **(dict.fromkeys(DATA, 0.0) if gates_data else {})}
    at = inputs(history, held, faulted=expects_fault)
    return [row for _, judge in judges() for row in (*judge.steady(at), *judge.conditions(at))]


def unmet(history: History) -> dict[str, Verdict]:
    return {row.what: row.otherwise for row in rows(history) if not row.ok}


def test_a_healthy_history_meets_every_requirement_and_shows_each() -> None:
    assert unmet(HISTORY) == {}
    assert len(rows(HISTORY)) == 18


@pytest.mark.parametrize(
    ("recipe", "what"),
    [
        (Recipe(steady_s=29), "Steady state lasted"),
        (Recipe(steady_s=30, search_rate=33), "Searches in the steady state"),
        (Recipe(insert_rate=0, delete_rate=0), "Acknowledged writes"),
        (Recipe(faulted=False), "Effect of every fault"),
    ],
)
def test_too_little_makes_it_invalid(recipe: Recipe, what: str) -> None:
    assert unmet(healthy(recipe)) == {what: Verdict.INVALID}


def test_a_p99_that_is_not_gated_needs_no_thousand_searches() -> None:
    history = healthy(Recipe(search_rate=10))
    found = Clients().steady(inputs(history, {"steady_p95_ms": 1.0}))
    assert all(row.ok for row in found)


def test_a_steady_state_that_warms_up_or_degrades_is_none() -> None:
    what = "p50 of the steady state's halves"
    assert set(unmet(slower(HISTORY, 0, 20, by_ms=20))) == {what}
    assert set(unmet(slower(HISTORY, 20, 40, by_ms=20))) == {what}
    assert unmet(slower(HISTORY, 0, 20, by_ms=1)) == {}  # within the clock's noise
    assert unmet(slower(HISTORY, 0, 40, by_ms=20)) == {}


def test_a_steady_state_with_errors_is_none() -> None:
    assert set(unmet(outage(HISTORY, 10, 10.42, [Kind.SEARCH]))) == {"Bad searches in the steady state"}
    assert unmet(outage(HISTORY, 10, 10.4, [Kind.SEARCH])) == {}


@pytest.mark.parametrize(
    ("kinds", "what"), [(WRITES, "Writes"), ((Kind.READ,), "Strong reads"), ((Kind.STOCK,), "Searches by pymilvus")]
)
def test_a_cluster_that_searches_alone_has_no_steady_state(kinds: tuple[Kind, ...], what: str) -> None:
    asked = np.flatnonzero(within(HISTORY, 0, 40, kinds))
    for count, told in (
        (len(asked) // 100, set()),
        (len(asked) // 100 + 1, {f"{what} that failed in the steady state"}),
    ):
        mask = np.zeros(len(HISTORY.operations), np.bool_)
        mask[asked[:count]] = True
        assert set(unmet(edit(HISTORY, mask, outcome=Result.FAIL))) == told
        assert set(unmet(edit(HISTORY, mask, outcome=Result.UNKNOWN))) == told
    assert set(unmet(never_sent(HISTORY, mask))) == set()


@pytest.mark.parametrize("what", ["down", "starting", "up", "paused"])
def test_a_member_that_changes_disturbs_the_steady_state(what: str) -> None:
    assert set(unmet(member(HISTORY, 20, "querynode-1", what))) == {"Members in the steady state"}
    assert unmet(member(HISTORY, 50, "querynode-1", what)) == {}
    assert unmet(member(HISTORY, 20, "querynode-1", "version")) == {}


def test_a_steady_state_never_ended_is_none() -> None:
    assert unmet(without_events(HISTORY, "end", EventKind.PHASE))["Steady state"] is Verdict.INVALID


def test_an_incomplete_run_is_invalid() -> None:
    found = judge(replace(healthy(), complete=False), LIMITS)
    assert [check.what for check in found.validity if not check.ok] == ["Run complete"]
    assert found.verdict is Verdict.INVALID


def test_a_starved_generator_is_invalid() -> None:
    def lagging(share: float, lag_ms: int) -> History:
        mask = np.arange(len(HISTORY.operations)) % 1000 < share * 1000
        return edit(HISTORY, mask, sent_ns=HISTORY.operations.intended_ns[mask] + lag_ms * NS_PER_MS)

    lag = "Load generator's send lag, p99"
    assert set(unmet(lagging(0.02, 100))) == {lag}
    assert unmet(lagging(0.02, 99)) == {}
    assert unmet(lagging(0.005, 900)) == {}


def test_load_that_was_not_offered_is_invalid() -> None:
    assert set(unmet(never_sent(HISTORY, within(HISTORY, 50, 52)))) == {"Scheduled operations that were sent"}
    assert unmet(never_sent(HISTORY, within(HISTORY, 50, 51))) == {}


def test_what_lies_outside_the_measured_time_neither_spoils_nor_helps() -> None:
    # Steady only from 5 s on, observed only until 100 s.
    moved = {"steady": RECIPE.at(5), "observe": RECIPE.at(100)}
    events = tuple(
        replace(e, t_ns=moved[e.name]) if (e.name, e.what) in (("steady", "begin"), ("observe", "end")) else e
        for e in HISTORY.events
    )
    history = replace(HISTORY, events=events)
    outside = within(history, 0, 5) | within(history, 100, 200)
    assert unmet(never_sent(history, outside)) == {}
    late = history.operations.intended_ns[outside] + 500 * NS_PER_MS
    assert unmet(edit(history, outside, sent_ns=late)) == {}
    inside = replace(history, operations=history.operations.where(~within(history, 50, 60, [Kind.SEARCH])))
    assert set(unmet(inside)) == {"Scheduled search operations on record"}


@pytest.mark.parametrize("kind", list(Kind))
def test_operations_missing_from_the_record_are_invalid(kind: Kind) -> None:
    cut = HISTORY.operations.where(~within(HISTORY, 70, 105, [kind]))
    what = f"Scheduled {kind.name.lower()} operations on record"
    assert unmet(replace(HISTORY, operations=cut)) == {what: Verdict.INVALID}


def test_a_fault_without_an_effect_is_invalid() -> None:
    assert "Effect of every fault" in unmet(without_events(HISTORY, "effect"))
    second = Event(RECIPE.at(42), EventKind.FAULT, "pause", "inject")
    row = next(r for r in rows(replace(HISTORY, events=(*HISTORY.events, second))) if not r.ok)
    assert row.measured == "not seen: pause"


def test_the_same_fault_twice_needs_two_effects() -> None:
    second = Event(RECIPE.at(42), EventKind.FAULT, "kill", "inject")
    assert set(unmet(replace(HISTORY, events=(*HISTORY.events, second)))) == {"Effect of every fault"}


def test_no_acknowledged_delete_where_there_should_be_is_too_little_evidence() -> None:
    deletes = HISTORY.operations.kind == Kind.DELETE
    assert unmet(edit(HISTORY, deletes, outcome=1)) == {
        "Acknowledged deletes": Verdict.INCONCLUSIVE,
        "Writes that failed in the steady state": Verdict.INVALID,
    }


def test_reads_must_be_two_and_far_enough_apart() -> None:
    first, second = HISTORY.readbacks
    near = replace(second, t_ns=first.t_ns + 10 * NS_PER_S - 1)
    for reads in ((), (first,), (first, near)):
        assert set(unmet(replace(HISTORY, readbacks=reads))) == {"Strong reads of everything"}


def test_a_write_still_under_way_spoils_the_reads() -> None:
    last = np.zeros(len(HISTORY.operations), dtype=np.bool_)
    last[np.flatnonzero(HISTORY.operations.kind == Kind.INSERT)[-1]] = True
    late = edit(HISTORY, last, done_ns=HISTORY.readbacks[0].t_ns + 1)
    assert set(unmet(late)) == {"Writes still under way at the first read"}
    assert not all(row.ok for row in Data().confirmation(inputs(late)))


def test_without_limits_on_data_nothing_is_asked_of_it() -> None:
    history = replace(healthy(Recipe(insert_rate=0, delete_rate=0)), readbacks=())
    assert all(row.ok for row in rows(history, gates_data=False))


def test_nothing_at_all_is_invalid_and_no_error() -> None:
    found = unmet(empty(HISTORY))
    assert "Scheduled operations that were sent" in found
    assert "Acknowledged writes" in found


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert rows(HISTORY) == rows(shuffled(HISTORY, 3))
