"""Limits as multiples of what the run itself measured: by hand, so that each answer is obvious."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.history import Event, EventKind, History
from harness.slo import Limits, judge, load_limits
from harness.slo.held import held_to
from harness.slo.multiples import Bases, Seconds, bases_of, session_s
from harness.verdict import LimitKind, Verdict
from tests.unit.builders import Recipe, healthy

RECIPE = Recipe()
HISTORY = healthy(RECIPE)
BASES = Bases(session_s=3.0, start_s=4.0)


def started(history: History, took_s: str) -> History:
    event = Event(RECIPE.at(0), EventKind.MACHINE, "a-cluster", "started", {"took_s": took_s})
    return replace(history, events=(event, *history.events))


def test_seconds_add_up() -> None:
    assert Seconds(sessions=2, starts=1.5).amount(BASES) == 12.0
    assert Seconds(sessions=2).amount(Bases(session_s=3.0)) == 6.0
    assert Seconds(starts=2).amount(Bases(session_s=3.0)) is None


def test_every_limit_says_of_which_kind_it_is() -> None:
    limits = Limits(
        steady_p95_ms=20,
        bad_s=Seconds(sessions=2),
        recover_s=Seconds(sessions=2, starts=1),
        write_recover_s=9,
        recovered_p95_ratio=3,
        recall=0.9,
        lost_rows=0,
    )
    held = held_to(limits, BASES)
    assert held.limits["recover_s"] == 10.0
    assert held.basis["recover_s"] == "2 x session time-out 3 s + 1 x this cluster's start 4 s"
    assert dict(held.kinds) == {
        "steady_p95_ms": LimitKind.SLO,
        "write_recover_s": LimitKind.SLO,
        "recovered_p95_ratio": LimitKind.RELATIVE,
        "recover_s": LimitKind.RELATIVE,
        **dict.fromkeys(("bad_s", "recall", "lost_rows"), LimitKind.MILVUS),
    }


def test_a_machine_that_starts_members_slower_may_recover_slower() -> None:
    limits = Limits(recover_s=Seconds(starts=2), lost_rows=0)
    fast, slow = (judge(started(HISTORY, took_s), limits, session_s=3.0) for took_s in ("1", "100"))
    (of_fast, of_slow) = (next(r for r in j.slos if r.figure == "recover_s") for j in (fast, slow))
    assert (of_fast.limit, of_slow.limit) == (2.0, 200.0)
    assert of_fast.value == of_slow.value
    assert (of_fast.passed, fast.verdict) == (False, Verdict.FAIL)
    assert "over the limit of 2 s (2 x this cluster's start 1 s)" in fast.reasons[0]


def test_a_limit_whose_base_nobody_knows_is_shown_as_not_judged() -> None:
    limits = Limits(recover_s=Seconds(starts=2), lost_rows=0)
    found = judge(HISTORY, limits, session_s=3.0, older=True)
    row = next(r for r in found.slos if r.figure == "recover_s")
    assert (row.limit, row.passed) == (None, None)
    assert row.basis == "not judged: 2 x this cluster's start (not known)"
    assert found.verdict is Verdict.PASS
    # Today's harness looks; where it could not (a Milvus that was there already) nothing is proven.
    today = judge(HISTORY, limits, session_s=3.0)
    assert today.verdict is Verdict.INCONCLUSIVE
    assert today.reasons[0].startswith("Limit on recover_s: not judged")


def test_what_an_older_harness_did_not_look_at_is_not_judged_and_no_reason_to_be_invalid() -> None:
    unseen = replace(HISTORY, events=tuple(e for e in HISTORY.events if e.what not in ("version", "serving")))
    limits = Limits(wrong_versions=0, lost_rows=0)
    assert judge(unseen, limits).verdict is Verdict.INVALID
    found = judge(unseen, limits, older=True)
    row = next(r for r in found.slos if r.figure == "wrong_versions")
    assert (found.verdict, row.limit) == (Verdict.PASS, None)
    assert row.basis.startswith("not judged")


def test_an_absolute_cap_on_recovery_comes_from_the_users_slo_alone() -> None:
    """Recovered is what is as it was before; a number of milliseconds only where the user gave one."""
    assert judge(HISTORY, Limits(recovered_p95_ratio=3, lost_rows=0)).marks.recovered_ns is not None
    assert judge(HISTORY, Limits(recovered_p95_ms=0.001, lost_rows=0)).marks.recovered_ns is None


def test_how_long_a_start_took_is_told_or_of_an_older_run_how_long_its_making_took() -> None:
    made = (Event(0, EventKind.PHASE, "provision", "begin"), Event(7 * 10**9, EventKind.PHASE, "provision", "end"))
    history = replace(HISTORY, events=(*made, *HISTORY.events))
    assert bases_of(history, 3.0) == Bases(3.0, None)
    assert bases_of(history, 3.0, faulted=False) == Bases(3.0, 0.0)  # nothing is broken, so nothing has to start
    assert bases_of(history, 3.0, older=True) == Bases(3.0, 7.0)
    assert bases_of(started(history, "4.5"), 3.0, older=True) == Bases(3.0, 4.5)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 30.0), ({"common.session.ttl": "3"}, 3.0), ({"Common.Session.TTL": "5"}, 5.0), ({"log.level": "info"}, 30.0)],
)
def test_the_session_time_out_is_the_settings_or_the_releases(settings: dict[str, str], expected: float) -> None:
    assert session_s(settings) == expected


@pytest.mark.parametrize(
    "text", ["{ sesions = 1 }", "{ starts = -1 }", "{ starts = inf }", "{ starts = 'two' }", "[1]"]
)
def test_multiples_that_are_none_are_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[defaults]\nrecover_s = {text}\n", encoding="utf-8")
    with pytest.raises(
        BadInput, match=r"recover_s = .* is no limit .*such as { sessions = 2, starts = 1.5 }"
    ) as caught:
        load_limits(path, "chaos")
    assert "\n" not in str(caught.value)


def test_milliseconds_are_no_multiples_of_seconds(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[defaults]\nsteady_p95_ms = { starts = 1 }\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"is no limit .*such as { searches = 20, clients = 5 }, or leave the key out"):
        load_limits(path, "chaos")
