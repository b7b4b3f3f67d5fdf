import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.answers import Stream, answers
from harness.checks.latency import NEVER_NS, percentile_ns
from harness.checks.recovery import (
    Ceiling,
    availability,
    ceiling,
    downtime,
    first_bad_ns,
    first_good_ns,
    hindrance,
    sustained_ns,
    wrong_s,
)
from harness.checks.thresholds import DEFAULT
from harness.checks.windows import windows
from harness.history import NS_PER_MS, NS_PER_S, History
from harness.kind import Kind
from tests.unit.builders import (
    Recipe,
    edit,
    healthy,
    member,
    never_sent,
    outage,
    recall_drop,
    slower,
    stall,
    within,
)

RECIPE = Recipe()
HISTORY = healthy(RECIPE)
EFFECT, END = RECIPE.at(40), RECIPE.at(105)


def searches(history: History) -> Stream:
    return answers(history, DEFAULT).stream(Kind.SEARCH)


def recovered_s(history: History, limit: Ceiling | None = None) -> float | None:
    """Return seconds from the effect until searches are well for good, as judge puts it together."""
    stream, at = searches(history), windows(history)
    limit = limit or ceiling(stream.between(RECIPE.at(0), RECIPE.at(40)), DEFAULT)
    assert limit is not None
    assert at.restored_ns is not None
    found = sustained_ns(stream, at.restored_ns, at.end_ns, limit, DEFAULT)
    return None if found is None else (found - EFFECT) / NS_PER_S


def test_without_impact_recovery_takes_until_the_topology_is_restored() -> None:
    assert first_bad_ns(searches(HISTORY), EFFECT, END) is None
    assert recovered_s(HISTORY) == 5.0
    assert recovered_s(member(HISTORY, 52.5, "querynode-1", "up")) == 12.5
    assert windows(member(HISTORY, 52.5, "querynode-1", "starting")).restored_ns is None


def test_an_outage_is_detected_ends_and_is_recovered_from() -> None:
    stream = searches(outage(HISTORY, 41.5, 47))
    detect = first_bad_ns(stream, EFFECT, END)
    assert detect == RECIPE.at(41.5)
    assert first_good_ns(stream, detect, END) == RECIPE.at(47)
    assert recovered_s(outage(HISTORY, 41.5, 47)) == 7.0


def test_bad_operations_before_the_effect_are_not_the_faults() -> None:
    assert first_bad_ns(searches(outage(HISTORY, 38, 40)), EFFECT, END) is None


def test_a_relapse_after_the_first_success_puts_recovery_off() -> None:
    assert recovered_s(outage(outage(HISTORY, 40, 46), 56, 58)) == 18.0


def test_a_single_bad_operation_now_and_then_is_within_the_budget() -> None:
    assert recovered_s(outage(HISTORY, 60, 60.02, [Kind.SEARCH])) == 5.0
    spread = HISTORY
    for second in range(46, 74, 4):
        spread = outage(spread, second, second + 0.06, [Kind.SEARCH])
    # Three in a second are 6% of it.
    assert recovered_s(spread) == pytest.approx(30.06)


def test_a_server_that_never_recovers_and_one_not_watched_long_enough_have_not_recovered() -> None:
    assert recovered_s(outage(HISTORY, 41, 200)) is None
    assert recovered_s(outage(HISTORY, 41, 74.9)) == pytest.approx(34.9)
    assert recovered_s(outage(HISTORY, 41, 75.1)) is None


def test_slow_answers_put_recovery_off_beyond_the_ratio_and_not_within_the_noise() -> None:
    # Baseline p95 5.9 ms: 1.5 times that is less than the 60 ms that count as noise.
    assert recovered_s(slower(HISTORY, 45, 60, by_ms=20)) == 5.0
    later = recovered_s(slower(HISTORY, 45, 60, by_ms=90))
    # From when on at most 5% of the next 30 s are slow.
    assert later == pytest.approx(20 - 1.5, abs=0.03)
    much_later = recovered_s(slower(HISTORY, 45, 60, by_ms=240))
    assert much_later == pytest.approx(20 - 0.3, abs=0.03)


def test_the_ratio_holds_above_the_noise_and_the_cap_whatever_the_ratio() -> None:
    slow = healthy(replace(RECIPE, latency_ms=300))
    baseline = searches(slow).between(RECIPE.at(0), RECIPE.at(40))
    assert ceiling(baseline, DEFAULT) == Ceiling(
        p95_ns=round(1.5 * 300.9 * NS_PER_MS), p99_ns=round(2 * 300.9 * NS_PER_MS), recall_min=0.99
    )
    capped = ceiling(baseline, DEFAULT, p95_cap_ms=320, p99_cap_ms=330)
    assert capped is not None
    assert (capped.p95_ns, capped.p99_ns) == (320 * NS_PER_MS, 330 * NS_PER_MS)


def test_a_small_percentile_may_rise_by_what_is_noise() -> None:
    found = ceiling(searches(HISTORY).between(RECIPE.at(0), RECIPE.at(40)), DEFAULT)
    assert found is not None
    assert (found.p95_ns, found.p99_ns) == (round(65.9 * NS_PER_MS), round(205.9 * NS_PER_MS))


def test_a_percentile_without_enough_operations_is_not_asked_for() -> None:
    few = searches(HISTORY).between(RECIPE.at(0), RECIPE.at(10))
    found = ceiling(few, DEFAULT)
    assert found is not None
    assert found.p95_ns is not None
    assert found.p99_ns is None
    assert ceiling(few.between(0, 0), DEFAULT) is None


def test_lost_recall_puts_recovery_off() -> None:
    # 2 of 10 missing for 15 s; mean over 30 s at least 0.99 once at most 1.5 s of it remain.
    assert recovered_s(recall_drop(HISTORY, 40, 60, 2)) == pytest.approx(18.5, abs=0.03)
    assert recovered_s(recall_drop(HISTORY, 40, 200, 2)) is None


def test_writes_recover_apart_from_searches() -> None:
    history = outage(HISTORY, 40, 50, [Kind.INSERT, Kind.DELETE])
    assert recovered_s(history) == 5.0
    writes = answers(history, DEFAULT).stream(Kind.INSERT, Kind.DELETE)
    found = sustained_ns(writes, RECIPE.at(45), END, Ceiling(), DEFAULT)
    assert found == RECIPE.at(50.001)


def test_nothing_is_recovered_where_nothing_was_asked() -> None:
    nothing = searches(HISTORY).between(0, 0)
    assert sustained_ns(nothing, RECIPE.at(45), END, Ceiling(), DEFAULT) is None


@pytest.mark.parametrize(("begin", "end", "seconds"), [(40, 46, 6), (41.5, 47, 6), (43, 43.5, 1), (50, 50.04, 0)])
def test_bad_seconds_are_the_bins_over_budget(begin: float, end: float, seconds: float) -> None:
    assert downtime(searches(outage(HISTORY, begin, end)), EFFECT, END, DEFAULT).bad_s == seconds


def test_downtime_is_more_than_half_bad_and_its_longest_run_the_longest_outage() -> None:
    history = outage(outage(outage(HISTORY, 41, 44), 50, 55), 60, 60.4)
    found = downtime(searches(history), EFFECT, END, DEFAULT)
    assert (found.bad_s, found.down_s, found.longest_outage_s, found.bins) == (9.0, 8.0, 5.0, 65)


def test_a_second_that_the_window_cuts_short_counts_for_as_long_as_it_is() -> None:
    cut = RECIPE.at(104.25)
    found = downtime(searches(outage(HISTORY, 102, 105)), EFFECT, cut, DEFAULT)
    assert (found.bad_s, found.down_s, found.longest_outage_s, found.bins) == (2.25, 2.25, 2.25, 65)
    assert wrong_s(searches(recall_drop(HISTORY, 102, 105, 5)), EFFECT, cut, DEFAULT) == (2.25, 65)
    assert downtime(searches(HISTORY), cut, cut, DEFAULT).bins == 0


def test_a_slow_trickle_that_all_fails_is_downtime_too() -> None:
    history = outage(healthy(replace(RECIPE, search_rate=1)), 40, 50)
    assert downtime(searches(history), EFFECT, END, DEFAULT).bad_s == 10


def test_availability_counts_what_was_never_sent() -> None:
    history = never_sent(outage(HISTORY, 40, 46.5), within(HISTORY, 50, 56.5))
    share, n = availability(searches(history), EFFECT, END)
    assert n == 65 * 50
    assert share == pytest.approx(52 / 65)


def test_nothing_scheduled_is_no_availability() -> None:
    share, n = availability(searches(HISTORY), RECIPE.at(500), RECIPE.at(600))
    assert math.isnan(share)
    assert n == 0


def test_a_stall_within_the_deadline_is_no_downtime_but_it_is_slow() -> None:
    history = stall(HISTORY, 60, 60.9)
    assert downtime(searches(history), EFFECT, END, DEFAULT).bad_s == 0
    # Still more than 15 of 1500 (1%) over p99 + 200 ms from any earlier second on.
    assert recovered_s(history) == pytest.approx(20.4, abs=0.1)


# Against the definition, spelled out


def naive_sustained(stream: Stream, restored_ns: int, end_ns: int, limit: Ceiling) -> int | None:
    """Take every candidate in turn, and every 1 s stretch of its window that begins with an operation."""
    window, second = DEFAULT.window_ns, NS_PER_S
    for t in [restored_ns, *(int(s) for s in stream.intended_ns if s >= restored_ns)]:
        inside = stream.between(t, t + window)
        if t + window > end_ns or not len(inside) or not inside.good[0]:
            continue
        bad = int((~inside.good).sum())
        stretches = [inside.between(int(s), int(s) + second) for s in inside.intended_ns if s <= t + window - second]
        over = any((~x.good).sum() >= min(2, len(x)) and (~x.good).mean() > 0.05 for x in stretches)
        slow = any(
            bound is not None and (percentile_ns(inside.latency_ns, per_mille) or 0) > bound
            for bound, per_mille in ((limit.p95_ns, 950), (limit.p99_ns, 990))
        )
        forgetful = limit.recall_min is not None and not np.nanmean(inside.recall) >= limit.recall_min - 1e-9
        if bad <= 0.01 * len(inside) and not over and not slow and not forgetful:
            return t
    return None


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    rate = draw(st.sampled_from([2, 5, 10]))
    s = np.arange(60 * rate) * NS_PER_S // rate
    good = np.ones(len(s), dtype=np.bool_)
    latency = np.full(len(s), 5)
    recall = np.ones(len(s))
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, len(s)))
        part = slice(begin, begin + draw(st.integers(1, 4 * rate)))
        what = draw(st.sampled_from(["bad", "slow", "forgetful"]))
        if what == "bad":
            good[part], latency[part], recall[part] = False, NEVER_NS, math.nan
        elif what == "slow":
            latency[part] = np.minimum(latency[part] * 10, NEVER_NS)
        else:
            recall[part] *= 0.75
    flaws, wrong = np.zeros(len(s), np.uint8), np.zeros(len(s), dtype=np.bool_)
    return Stream(np.arange(len(s)), s, flaws, good, latency, recall, wrong)


@settings(deadline=None, max_examples=60)
@given(streams(), st.integers(0, 20), st.sampled_from([Ceiling(), Ceiling(10, 40), Ceiling(10, 40, 0.99)]))
def test_sustained_recovery_is_that_of_the_definition(stream: Stream, restored_s: int, limit: Ceiling) -> None:
    restored_ns, end_ns = restored_s * NS_PER_S, 60 * NS_PER_S
    found = sustained_ns(stream, restored_ns, end_ns, limit, DEFAULT)
    assert found == naive_sustained(stream, restored_ns, end_ns, limit)
    hindered = hindrance(stream, restored_ns, end_ns, limit, DEFAULT)
    assert (hindered is None) == (found == restored_ns)
    assert hindered is None or len(hindered.at)


@settings(deadline=None, max_examples=60)
@given(streams(), st.integers(0, 599), st.integers(0, 200))
def test_more_bad_operations_never_improve_a_figure(stream: Stream, first: int, count: int) -> None:
    good = stream.good.copy()
    good[first : first + count] = False
    worse = replace(stream, good=good, latency_ns=np.where(good, stream.latency_ns, NEVER_NS))
    before, after = (downtime(s, 0, 60 * NS_PER_S, DEFAULT) for s in (stream, worse))
    assert after.bad_s >= before.bad_s
    assert after.down_s >= before.down_s
    assert after.longest_outage_s >= before.longest_outage_s
    limit = Ceiling(10, 40)
    was, becomes = (sustained_ns(s, 0, 60 * NS_PER_S, limit, DEFAULT) for s in (stream, worse))
    assert becomes is None or (was is not None and becomes >= was)


def test_an_edit_is_seen() -> None:
    # The builders must not share memory with what they were given.
    edit(HISTORY, within(HISTORY, 0, 1), outcome=1)
    assert (HISTORY.operations.outcome == 0).all()
