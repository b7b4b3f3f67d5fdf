"""Latency corrected for coordinated omission, nearest-rank percentiles, and their interval.

Sources: G. Tene, "How NOT to Measure Latency" (as wrk2 measures it); type 1 of Hyndman and Fan, "Sample Quantiles in
Statistical Packages" (1996); Carlstein, "The Use of Subseries Values ..." (1986) for the bootstrap over blocks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history import NS_PER_MS, Operations

# Infinity in integer nanoseconds: what was not answered well took for ever.
NEVER_NS = int(np.iinfo(np.int64).max)
Series = tuple[NDArray[np.int64], NDArray[np.int64]]  # intended_ns ascending, latency_ns; shape (n,)


def corrected_ns(operations: Operations, good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return done - intended in ns, NEVER_NS where not good; shape (n,).

    Measured from the intended start, so that a stalled server is charged for what waited behind it
    (docs/measuring.md: coordinated omission).
    """
    return np.where(good, operations.done_ns - operations.intended_ns, NEVER_NS)


def nearest_rank(count: int, per_mille: int) -> int:
    """Return the 1-based nearest rank of a percentile in tenths of a percent: ceil(p * n), without floats."""
    return max(1, -(-per_mille * count // 1000))


def percentile_ns(latency_ns: NDArray[np.int64], per_mille: int) -> int | None:
    """Return a nearest-rank percentile in ns, always a value that was measured; None of no values."""
    if not len(latency_ns):
        return None
    rank = nearest_rank(len(latency_ns), per_mille) - 1
    return int(np.partition(latency_ns, rank)[rank])


def to_ms(latency_ns: int | None) -> float:
    """Return milliseconds: NaN for nothing measured, inf for NEVER_NS."""
    if latency_ns is None:
        return math.nan
    return math.inf if latency_ns == NEVER_NS else latency_ns / NS_PER_MS


def block_interval_ns(
    intended_ns: NDArray[np.int64],
    latency_ns: NDArray[np.int64],
    per_mille: int,
    *,
    block_ns: int,
    resamples: int,
    seed: int,
) -> tuple[int, int] | None:
    """Return the 95% interval of a percentile by a bootstrap over blocks of time; None under two blocks.

    intended_ns ascends. Blocks are drawn whole, since latencies are autocorrelated, and do not overlap (Carlstein
    1986); PCG64 with a fixed seed gives the same interval on every machine.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    found = _bootstrapped((intended_ns, latency_ns), per_mille, block_ns, resamples, rng)
    return None if found is None else (int(_bound(found, 25)), int(_bound(found, 975)))


def ratio_interval(
    after: Series, before: Series, per_mille: int, *, block_ns: int, resamples: int, seed: int
) -> tuple[float, float] | None:
    """Return the 95% interval of the ratio of a percentile after to before, both bootstrapped like one of them.

    None where either has under two blocks. What never came is infinite, whatever it is compared with.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    over, under = (_bootstrapped(series, per_mille, block_ns, resamples, rng) for series in (after, before))
    if over is None or under is None:
        return None
    ratios = np.where(over == NEVER_NS, math.inf, over / np.where(under == NEVER_NS, math.inf, under))
    return float(_bound(ratios, 25)), float(_bound(ratios, 975))


def _bound(found: NDArray[Any], per_mille: int) -> Any:
    """Return the nearest-rank percentile of what resampling found."""
    return np.sort(found)[nearest_rank(len(found), per_mille) - 1]


def _bootstrapped(
    series: Series, per_mille: int, block_ns: int, resamples: int, rng: np.random.Generator
) -> NDArray[np.int64] | None:
    """Return the percentile of every resample; None under two blocks."""
    intended_ns, latency_ns = series
    if not len(intended_ns):
        return None
    block = np.unique((intended_ns - intended_ns[0]) // block_ns, return_inverse=True)[1]
    sizes = np.bincount(block)
    if len(sizes) < 2:
        return None
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=resamples)
    return _resampled_percentiles(latency_ns, block, sizes, drawn, per_mille)


def _resampled_percentiles(
    latency_ns: NDArray[np.int64],
    block: NDArray[np.int64],
    sizes: NDArray[np.int64],
    drawn: NDArray[np.int64],
    per_mille: int,
) -> NDArray[np.int64]:
    """Return one percentile per row of `drawn` (resamples, blocks); looked for among the slowest: high ones are."""
    totals = drawn @ sizes
    places = totals - np.maximum(1, -(-per_mille * totals // 1000)) + 1
    count, found = int(places.max()), None
    while found is None:
        count = min(len(latency_ns), 2 * count)
        found = _at_places(latency_ns, block, drawn, places, count)
    return found


def _at_places(
    latency_ns: NDArray[np.int64],
    block: NDArray[np.int64],
    drawn: NDArray[np.int64],
    places: NDArray[np.int64],
    count: int,
) -> NDArray[np.int64] | None:
    """Return each resample's value at its place from the slowest; None where one has too few of the `count` slowest."""
    slowest = np.argpartition(latency_ns, len(latency_ns) - count)[len(latency_ns) - count :]
    slowest = slowest[np.argsort(-latency_ns[slowest])]
    blocks, found = block[slowest], np.empty(len(drawn), np.int64)
    for number, (times, place) in enumerate(zip(drawn, places, strict=True)):
        up_to = np.cumsum(times[blocks])
        if up_to[-1] < place:
            return None
        found[number] = latency_ns[slowest[np.searchsorted(up_to, place)]]
    return found
