"""What must hold of every judgement, whatever the history."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.history import NS_PER_S, Event, EventKind, History
from harness.kind import Kind
from harness.slo import judge, load_limits
from harness.verdict import Judgement, Verdict
from tests.unit.builders import (
    Recipe,
    edit,
    empty,
    healthy,
    never_sent,
    outage,
    recall_drop,
    shifted,
    shuffled,
    slower,
    within,
)
from tests.unit.judged import LIMITS, failed, values

RECIPE = Recipe(upsert_rate=2, read_rate=5, stock_rate=5)
HISTORY = healthy(RECIPE)


# Whatever a run left behind is judged: never a pass, never an error.


def cut(history: History, second: float) -> History:
    """Keep what was on record at this second of an aborted run."""
    t_ns = RECIPE.at(second)
    return replace(
        history,
        operations=history.operations.between(0, t_ns),
        events=tuple(e for e in history.events if e.t_ns < t_ns),
        readbacks=(),
        complete=False,
    )


@pytest.mark.parametrize("second", [-10.0, 0.01, 20, 40.5, 46, 60, 104])
def test_a_run_cut_short_is_invalid_and_judged_by_what_there_is(second: float) -> None:
    found = judge(cut(HISTORY, second), LIMITS)
    assert found.verdict is Verdict.INVALID
    assert "Run complete: no, required yes" in found.reasons
    if second > 40:
        assert values(found)["steady_p99_ms"] == 5.9


@pytest.mark.parametrize("expects_fault", [True, False])
@pytest.mark.parametrize("keep_events", [True, False])
def test_an_empty_history_is_no_pass(*, expects_fault: bool, keep_events: bool) -> None:
    nothing = empty(HISTORY) if keep_events else replace(empty(HISTORY), events=(), readbacks=())
    assert judge(nothing, LIMITS, expects_fault=expects_fault).verdict is Verdict.INVALID


@pytest.mark.parametrize("kind", list(Kind))
def test_no_data_of_a_kind_is_no_pass(kind: Kind) -> None:
    history = replace(HISTORY, operations=HISTORY.operations.where(HISTORY.operations.kind != kind))
    assert judge(history, LIMITS).verdict is Verdict.INVALID


def test_a_history_without_truth_is_no_pass() -> None:
    t = HISTORY.truth
    none = replace(
        t,
        base_ids=t.base_ids[:0],
        base_distances=t.base_distances[:0],
        written_distances=t.written_distances[:0],
    )
    assert judge(replace(HISTORY, truth=none), LIMITS).verdict is Verdict.INVALID


# Properties.

moments = st.floats(0, 100, allow_nan=False)
properties = settings(deadline=None, max_examples=12)
WORSE_IF_MORE = (
    *("bad_s", "down_s", "longest_outage_s", "write_bad_s"),
    *("recover_s", "settle_s", "write_recover_s", "fresh_recover_s", "stock_recover_s"),
)
WORSE_IF_LESS = ("availability", "write_availability")


def assert_no_better(before: Judgement, after: Judgement) -> None:
    was, becomes = values(before), values(after)
    assert all(becomes[figure] >= was[figure] for figure in WORSE_IF_MORE)
    assert all(becomes[figure] <= was[figure] for figure in WORSE_IF_LESS)


@properties
@given(st.integers(-900 * NS_PER_S, 10**15), moments, st.floats(0, 20))
def test_moving_the_clock_changes_nothing(by_ns: int, begin_s: float, length_s: float) -> None:
    history = outage(HISTORY, begin_s, begin_s + length_s)
    one, two = judge(history, LIMITS), judge(shifted(history, by_ns), LIMITS)
    findings = tuple(replace(f, t_ns=None if f.t_ns is None else f.t_ns + by_ns) for f in one.findings)
    # Told by repr, in which what could not be measured (NaN) is like itself.
    assert repr(replace(one, marks=two.marks, findings=findings)) == repr(two)
    moved = [None if mark is None else mark + by_ns for mark in vars(one.marks).values()]
    assert moved == list(vars(two.marks).values())


@properties
@given(st.integers(0, 1000), moments)
def test_the_order_of_the_rows_changes_nothing(seed: int, begin_s: float) -> None:
    history = recall_drop(outage(HISTORY, begin_s, begin_s + 5), 60, 62, 4)
    one, two = judge(history, LIMITS), judge(shuffled(history, seed), LIMITS)
    assert repr(one) == repr(two)


@properties
@given(st.floats(40, 70), st.floats(0, 20), st.floats(0, 20))
def test_a_longer_outage_never_improves_a_figure(begin_s: float, length_s: float, longer_s: float) -> None:
    before = outage(HISTORY, begin_s, begin_s + length_s)
    after = outage(HISTORY, begin_s, begin_s + length_s + longer_s)
    assert_no_better(judge(before, LIMITS), judge(after, LIMITS))


@properties
@given(st.floats(45, 80), st.floats(0.5, 3), st.integers(100, 900))
def test_not_sending_what_would_be_slow_never_improves_a_figure(begin_s: float, length_s: float, by_ms: int) -> None:
    slow = slower(HISTORY, begin_s, begin_s + length_s, by_ms)
    dropped = never_sent(slow, within(slow, begin_s, begin_s + length_s))
    assert_no_better(judge(slow, LIMITS), judge(dropped, LIMITS))


def test_not_sending_slow_operations_cannot_rescue_the_steady_state() -> None:
    slow = slower(HISTORY, 10, 12, 500)
    dropped = never_sent(slow, within(slow, 10, 12))
    assert values(judge(dropped, LIMITS))["steady_p99_ms"] == math.inf
    assert values(judge(slow, LIMITS))["steady_p99_ms"] == pytest.approx(505.9, abs=1)


def test_judging_again_gives_the_same_bit_for_bit() -> None:
    rng = np.random.default_rng(3)
    n = len(HISTORY.operations)
    noisy = edit(HISTORY, np.ones(n, dtype=np.bool_), done_ns=HISTORY.operations.done_ns + rng.integers(0, 10**7, n))
    one, two = judge(noisy, LIMITS), judge(noisy, LIMITS)
    assert repr(one) == repr(two)
    row = next(r for r in one.slos if r.figure == "steady_p99_ms")
    assert row.interval is not None
    assert row.interval[0] <= row.value <= row.interval[1]


def test_what_the_default_profile_takes_fails_by_the_fast_limits() -> None:
    # A query node killed under the default profile: about 25 s without searches, then wrong until 32 s.
    slow = recall_drop(outage(HISTORY, 40, 65, [Kind.SEARCH]), 65, 72, 5)
    last_ns = max(event.t_ns for event in slow.events) + 1
    told = Event(last_ns, EventKind.MEMBER, "querynode-1", "version", {"version": "2.3.5"})
    slow = replace(slow, events=(*slow.events, told))
    fast, default = (load_limits(profile, "query-node-killed") for profile in ("fast", "default"))
    started = Event(RECIPE.at(0), EventKind.MACHINE, "it", "started", {"took_s": "4"})
    slow = replace(slow, events=(started, *slow.events))
    assert judge(slow, default, session_s=30, older=True).verdict is Verdict.PASS
    assert {"bad_s", "recover_s"} <= failed(judge(slow, fast, session_s=3))
    assert judge(slow, fast, session_s=3).verdict is Verdict.FAIL


def test_faults_one_after_another_are_one_window() -> None:
    again = tuple(replace(e, t_ns=e.t_ns + 10 * NS_PER_S) for e in HISTORY.events if e.kind == EventKind.FAULT)
    note = Event(RECIPE.at(41), EventKind.NOTE, "plan", "second fault")
    found = judge(replace(HISTORY, events=(*HISTORY.events, note, *again)), LIMITS)
    assert found.marks.healed_ns == RECIPE.at(55)
    assert values(found)["recover_s"] == 15.0
