"""A scenario's figures second by second, as its charts show them.

Source: docs/measuring.md: latency, recall@k; bins as wide as those of bad_s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Answers
from harness.history import NS_PER_MS, NS_PER_S, Operations, Result
from harness.kind import Kind

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Timeline:
    """One value per bin of intended starts; every array has shape (bins,).

    `t_s` is a bin's begin, in seconds after `origin_ns`, the first scheduled operation. Latencies are the
    corrected ones of ok searches, NaN in a bin without any, and so is the mean recall. Rates are per second: of
    all operations offered, done (ok), in error (fail, unknown or never sent), and of searches answered wrongly.
    The last bin may be cut short by the end of the traffic: its rates are over the whole bin all the same.
    """

    origin_ns: int
    t_s: Floats
    p50_ms: Floats
    p95_ms: Floats
    p99_ms: Floats
    offered_rate: Floats
    done_rate: Floats
    error_rate: Floats
    wrong_rate: Floats
    recall: Floats


def timeline(judged: Answers, bin_s: float = 1.0) -> Timeline:
    """Bin what was answered; no operations give a timeline of no bins."""
    operations = judged.operations
    origin_ns = int(operations.intended_ns[0]) if len(operations) else 0
    at = (operations.intended_ns - origin_ns) // round(bin_s * NS_PER_S)
    bins = int(at[-1]) + 1 if len(at) else 0
    ok = operations.outcome == Result.OK

    def rate(mask: NDArray[np.bool_]) -> Floats:
        return np.bincount(at[mask], minlength=bins) / bin_s

    p50_ms, p95_ms, p99_ms = _percentiles_ms(operations, at, bins, ok & (operations.kind == Kind.SEARCH))
    return Timeline(
        origin_ns=origin_ns,
        t_s=np.arange(bins, dtype=np.float64) * bin_s,
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        p99_ms=p99_ms,
        offered_rate=rate(np.ones(len(operations), dtype=np.bool_)),
        done_rate=rate(ok),
        error_rate=rate(~ok),
        wrong_rate=rate(judged.wrong),
        recall=_means(judged.recall, at, bins),
    )


def _percentiles_ms(
    operations: Operations, at: NDArray[np.int64], bins: int, mask: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Return the nearest-rank p50, p95 and p99 of each bin."""
    latency = (operations.done_ns - operations.intended_ns)[mask]
    order = np.lexsort((latency, at[mask]))
    latency_ms = np.append(latency[order] / NS_PER_MS, math.nan)  # the last is that of a bin with none
    counts = np.bincount(at[mask], minlength=bins)
    starts = np.cumsum(counts) - counts

    def percentile(per_mille: int) -> Floats:
        ranks = -(-per_mille * counts // 1000)
        return latency_ms[np.where(counts > 0, starts + ranks - 1, -1)]

    return percentile(500), percentile(950), percentile(990)


def _means(values: Floats, at: NDArray[np.int64], bins: int) -> Floats:
    measured = ~np.isnan(values)
    counts = np.bincount(at[measured], minlength=bins)
    totals = np.bincount(at[measured], weights=values[measured], minlength=bins)
    return np.where(counts > 0, totals / np.maximum(counts, 1), math.nan)
