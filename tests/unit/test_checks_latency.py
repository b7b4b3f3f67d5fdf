import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.answers import answers
from harness.checks.latency import (
    NEVER_NS,
    _resampled_percentiles,
    block_interval_ns,
    percentile_ns,
    ratio_interval,
    to_ms,
)
from harness.checks.thresholds import DEFAULT
from harness.history import NS_PER_MS, NS_PER_S
from harness.kind import Kind
from tests.unit.builders import healthy, never_sent, outage, stall, within

values = st.lists(st.integers(0, 50), min_size=1, max_size=60)


@pytest.mark.parametrize(("per_mille", "expected"), [(500, 50), (950, 95), (990, 99), (1000, 100), (1, 1)])
def test_percentiles_are_nearest_ranks(per_mille: int, expected: int) -> None:
    assert percentile_ns(np.arange(100, 0, -1), per_mille) == expected


@settings(deadline=None)
@given(values, st.integers(1, 1000))
def test_a_percentile_is_the_least_value_that_enough_are_not_above(measured: list[int], per_mille: int) -> None:
    found = percentile_ns(np.array(measured), per_mille)
    enough = [v for v in measured if 1000 * sum(x <= v for x in measured) >= per_mille * len(measured)]
    assert found == min(enough)


def test_nothing_measured_is_no_number_and_never_is_infinite() -> None:
    assert percentile_ns(np.array([], dtype=np.int64), 500) is None
    assert math.isnan(to_ms(None))
    assert math.isinf(to_ms(NEVER_NS))
    assert to_ms(1_500_000) == 1.5


def test_a_stall_is_charged_for_everything_that_waited_behind_it() -> None:
    # 1 s at 50/s, served at its end: waits of 1.00, 0.98, ... 0.02 s, not one slow operation.
    judged = answers(stall(healthy(), 50, 50.9), DEFAULT)
    waits = judged.latency_ns[within(healthy(), 50, 50.9, [Kind.SEARCH])]
    assert len(waits) == 45
    assert waits.max() == 900 * NS_PER_MS + 5 * NS_PER_MS
    assert (np.diff(waits) == -20 * NS_PER_MS).all()


def test_what_failed_was_late_or_never_sent_took_for_ever() -> None:
    history = never_sent(outage(healthy(), 10, 11), within(healthy(), 20, 21))
    late = stall(history, 30, 32)
    latency = answers(late, DEFAULT).latency_ns
    for begin, end in ((10, 11), (20, 21), (30, 30.9)):
        assert (latency[within(late, begin, end)] == NEVER_NS).all()
    assert (latency[within(late, 31.1, 32)] < NS_PER_S).all()


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=4, max_size=60), st.integers(0, 2**32), st.sampled_from([500, 950, 990]))
def test_resampled_percentiles_are_those_of_the_blocks_drawn(measured: list[int], seed: int, per_mille: int) -> None:
    latency = np.array(measured)
    block = np.arange(len(latency)) // 4
    sizes = np.bincount(block)
    drawn = np.random.default_rng(seed).multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=5)
    found = _resampled_percentiles(latency, block, sizes, drawn, per_mille)
    expected = [percentile_ns(np.repeat(latency, row[block]), per_mille) for row in drawn]
    assert found.tolist() == expected


def interval(latency: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int = 0) -> tuple[int, int] | None:
    intended = np.arange(len(latency)) * NS_PER_S // 50
    return block_interval_ns(intended, latency, 950, block_ns=2 * NS_PER_S, resamples=400, seed=seed)


def test_an_interval_holds_its_percentile_and_comes_out_the_same_again() -> None:
    latency = np.random.default_rng(1).integers(1, 1000, 2000)
    found = interval(latency)
    assert found is not None
    assert found[0] <= 950 <= found[1]
    assert found == interval(latency)
    assert found != interval(latency, seed=1)


def test_latencies_that_come_in_bursts_have_a_wider_interval() -> None:
    latency = np.random.default_rng(1).integers(1, 1000, 2000)
    scattered, bursts = interval(latency), interval(np.sort(latency))
    assert scattered is not None
    assert bursts is not None
    assert bursts[1] - bursts[0] > 2 * (scattered[1] - scattered[0])


def ratio(
    after: np.ndarray[tuple[int], np.dtype[np.int64]], before: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int = 0
) -> tuple[float, float] | None:
    one, other = ((np.arange(len(latency)) * NS_PER_S // 50, latency) for latency in (after, before))
    return ratio_interval(one, other, 950, block_ns=2 * NS_PER_S, resamples=400, seed=seed)


def test_the_interval_of_a_ratio_holds_it_and_is_wider_than_that_of_either() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.integers(1, 1000, 2000), 2 * rng.integers(1, 1000, 3000)
    found, alone = ratio(after, before), interval(before)
    assert found is not None
    assert alone is not None
    assert found[0] <= 2 <= found[1]
    assert found[1] / found[0] > alone[1] / alone[0]
    assert found == ratio(after, before)
    assert found != ratio(after, before, seed=1)


def test_a_ratio_of_what_is_always_the_same_is_certain() -> None:
    assert ratio(np.full(900, 30), np.full(500, 20)) == (1.5, 1.5)
    assert ratio(np.full(900, NEVER_NS), np.full(500, 20)) == (math.inf, math.inf)
    assert ratio(np.full(90, 30), np.full(500, 20)) is None


def test_under_two_blocks_there_is_no_interval() -> None:
    assert interval(np.arange(90)) is None
    assert interval(np.arange(0)) is None
