from dataclasses import fields, replace

import numpy as np
import pytest

from harness.checks.answers import answers
from harness.checks.thresholds import DEFAULT
from harness.checks.timeline import Timeline, timeline
from harness.history import NS_PER_MS, NS_PER_S, History
from harness.kind import Kind
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
    stall,
    within,
)

RECIPE = Recipe(steady_s=10, observe_s=10)
HISTORY = healthy(RECIPE)


def lined(history: History, bin_s: float = 1.0) -> Timeline:
    return timeline(answers(history, DEFAULT), bin_s)


def test_healthy_traffic_is_even() -> None:
    found = lined(HISTORY)
    assert found.origin_ns == RECIPE.at(0)
    assert found.t_s.tolist() == list(range(25))
    assert found.offered_rate.tolist() == [62.0] * 25
    assert found.done_rate.tolist() == [62.0] * 25
    assert not found.error_rate.any()
    assert not found.wrong_rate.any()
    assert found.recall.tolist() == [1.0] * 25
    assert (found.p50_ms <= found.p95_ms).all()
    assert (found.p99_ms <= 5.9).all()


def test_the_last_bin_may_hold_one_operation_alone() -> None:
    order = np.argsort(HISTORY.operations.intended_ns)
    last = np.zeros(len(order), np.bool_)
    last[order[-1]] = True
    alone = edit(HISTORY, last, intended_ns=HISTORY.operations.intended_ns[last] + 2 * NS_PER_S)
    found = lined(alone)
    assert found.t_s.tolist() == list(range(27))
    assert found.offered_rate.tolist() == [62.0] * 24 + [61.0, 0.0, 1.0]


def test_an_outage_has_errors_and_no_latency() -> None:
    history = never_sent(outage(HISTORY, 10, 12), within(HISTORY, 13, 14))
    found = lined(history)
    bad = [10, 11, 13]
    assert np.flatnonzero(found.error_rate).tolist() == bad
    assert found.error_rate[bad].tolist() == [62.0] * 3
    assert not found.done_rate[bad].any()
    assert found.offered_rate.tolist() == [62.0] * 25
    assert np.flatnonzero(np.isnan(found.p99_ms)).tolist() == bad
    assert np.flatnonzero(np.isnan(found.recall)).tolist() == bad


def test_a_stall_shows_in_the_second_in_which_it_was_asked() -> None:
    found = lined(stall(HISTORY, 12, 13))
    assert np.argmax(found.p99_ms) == 12
    assert found.p99_ms[12] == pytest.approx(1005)
    assert found.p50_ms[12] == pytest.approx(505, abs=20)
    assert found.p99_ms[13] < 6


def test_wrong_answers_show_as_rate_and_recall() -> None:
    found = lined(recall_drop(HISTORY, 12, 14, 5))
    assert np.flatnonzero(found.wrong_rate).tolist() == [12, 13]
    assert found.wrong_rate[12] == 50.0
    assert found.recall[12] == 0.5


def test_bins_of_another_width_keep_rates_per_second() -> None:
    found = lined(HISTORY, bin_s=0.5)
    assert len(found.t_s) == 50
    assert found.t_s[1] == 0.5
    assert found.offered_rate.sum() * 0.5 == len(HISTORY.operations)


def test_percentiles_are_nearest_ranks_of_each_bin() -> None:
    found = lined(HISTORY)
    searches = within(HISTORY, 3, 4, [Kind.SEARCH])
    latency = np.sort((HISTORY.operations.done_ns - HISTORY.operations.intended_ns)[searches]) / 1e6
    assert (found.p50_ms[3], found.p95_ms[3], found.p99_ms[3]) == (latency[24], latency[47], latency[49])


def test_each_rank_is_exact_where_there_is_one_for_every_thousandth() -> None:
    searches = within(HISTORY, 0, 20, [Kind.SEARCH])
    rank = np.random.default_rng(1).permutation(1000)
    done_ns = HISTORY.operations.intended_ns[searches] + (rank + 1) * NS_PER_MS
    found = lined(edit(HISTORY, searches, done_ns=done_ns), bin_s=20)
    assert (found.p50_ms[0], found.p95_ms[0], found.p99_ms[0]) == (500, 950, 990)


def test_a_bin_of_one_has_its_latency() -> None:
    second = np.flatnonzero(within(HISTORY, 2, 3, [Kind.SEARCH]))[0]
    operations = HISTORY.operations
    few = operations.where(np.isin(np.arange(len(operations)), [0, second]))
    found = lined(replace(HISTORY, operations=few))
    latency_ms = (few.done_ns - few.intended_ns)[1] / NS_PER_MS
    assert (found.p50_ms[2], found.p99_ms[2]) == (latency_ms, latency_ms)
    assert np.isnan(found.p50_ms[1])


def test_nothing_is_a_timeline_of_no_bins() -> None:
    found = lined(empty(HISTORY))
    assert found.origin_ns == 0
    assert all(len(getattr(found, f.name)) == 0 for f in fields(found) if f.name != "origin_ns")


def test_neither_the_clock_nor_the_order_of_rows_matters() -> None:
    history = outage(recall_drop(HISTORY, 13, 15, 4), 10, 12)
    for other in (shifted(history, 12_345), shuffled(history, 5)):
        one, two = lined(history), lined(other)
        for f in fields(one):
            if f.name != "origin_ns":
                assert np.array_equal(getattr(one, f.name), getattr(two, f.name), equal_nan=True), f.name


def test_writes_only_have_rates_and_no_latency() -> None:
    writes = replace(HISTORY, operations=HISTORY.operations.of_kind(Kind.INSERT, Kind.DELETE))
    found = lined(writes)
    assert found.offered_rate[:24].tolist() == [12.0] * 24
    assert np.isnan(found.p50_ms).all()
