"""When clients noticed the fault, when they were served again for good, and how long they were not.

Sources: the definitions in docs/measuring.md; for availability as good over scheduled, whatever was answered, Hauer et
al., "Meaningful Availability" (NSDI 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Stream
from harness.checks.latency import NEVER_NS, percentile_ns
from harness.checks.recall import mean_recall
from harness.checks.thresholds import Thresholds
from harness.history import NS_PER_MS, NS_PER_S


@dataclass(frozen=True)
class Ceiling:
    """What a window must keep to, to count as recovered; None where it is not asked for."""

    p95_ns: int | None = None
    p99_ns: int | None = None
    recall_min: float | None = None


@dataclass(frozen=True)
class Downtime:
    """Seconds of 1 s bins over budget (bad_s), more than half bad (down_s), and the longest run of the latter."""

    bad_s: float
    down_s: float
    longest_outage_s: float
    bins: int


def first_bad_ns(stream: Stream, begin_ns: int, end_ns: int) -> int | None:
    """Return the intended start of the first bad operation in [begin_ns, end_ns); None is "no impact"."""
    return _first(stream.between(begin_ns, end_ns), good=False)


def first_good_ns(stream: Stream, begin_ns: int, end_ns: int) -> int | None:
    """Return the intended start of the first good operation in [begin_ns, end_ns), None if there was none."""
    return _first(stream.between(begin_ns, end_ns), good=True)


def _first(stream: Stream, *, good: bool) -> int | None:
    at = np.flatnonzero(stream.good == good)
    return int(stream.intended_ns[at[0]]) if len(at) else None


def ceiling(
    baseline: Stream, th: Thresholds, *, p95_cap_ms: float | None = None, p99_cap_ms: float | None = None
) -> Ceiling | None:
    """Return what recovered searches must keep to, by the same run's steady state; None without one.

    p95 <= 1.5 x and p99 <= 2 x the baseline (a rise below the machine's noise is none) and the absolute caps;
    recall >= baseline - 0.01 (docs/measuring.md: time to recover). A percentile that the baseline has too few
    operations for is not asked for.
    """
    if not len(baseline):
        return None
    recall = mean_recall(baseline.recall)
    return Ceiling(
        p95_ns=_bound_ns(_known_ns(baseline, 950, th), th.p95_ratio_max, th.p95_noise_ms, p95_cap_ms),
        p99_ns=_bound_ns(_known_ns(baseline, 990, th), th.p99_ratio_max, th.p99_noise_ms, p99_cap_ms),
        recall_min=None if math.isnan(recall) else recall - th.recall_drop_max,
    )


def _known_ns(baseline: Stream, per_mille: int, thresholds: Thresholds) -> int | None:
    """Return a percentile of the baseline; None where it has too few operations for it, or is infinite."""
    measured = percentile_ns(baseline.latency_ns, per_mille)
    enough = len(baseline) >= thresholds.operations_for(per_mille)
    return measured if enough and measured != NEVER_NS else None


def _bound_ns(measured_ns: int | None, ratio: float, noise_ms: float, cap_ms: float | None) -> int | None:
    cap_ns = None if cap_ms is None else round(cap_ms * NS_PER_MS)
    if measured_ns is None:
        return cap_ns
    risen_ns = max(round(measured_ns * ratio), measured_ns + round(noise_ms * NS_PER_MS))
    return risen_ns if cap_ns is None else min(cap_ns, risen_ns)


def over_budget(bad: NDArray[np.int64], total: NDArray[np.int64], thresholds: Thresholds) -> NDArray[np.bool_]:
    """Return the bins with too large a share bad; a single bad operation among several is not an outage."""
    enough = bad >= np.minimum(np.maximum(total, 1), thresholds.bin_bad_min)
    return enough & (bad > thresholds.bin_bad_share_max * total)


def sustained_ns(stream: Stream, restored_ns: int, end_ns: int, limit: Ceiling, thresholds: Thresholds) -> int | None:
    """Return the first t from which the stream is well for the whole window; None if it never is.

    Candidates are `restored_ns` (the topology is restored: nothing is recovered before) and every scheduled start
    after it; so a fault without any impact is recovered from once the topology is. From t on, for window_s:
    errors within the budget, no 1 s stretch over 5% bad, the first operation good, the ceiling kept. A window
    that the observation does not cover in full shows nothing.
    """
    s = stream.intended_ns
    starts = np.concatenate(([restored_ns], s[np.searchsorted(s, restored_ns) :]))
    starts = starts[starts + thresholds.window_ns <= end_ns]
    first, last = np.searchsorted(s, starts), np.searchsorted(s, starts + thresholds.window_ns)
    starts, first, last = (a[last > first] for a in (starts, first, last))
    count = last - first
    well = stream.good[first]
    well &= _within(~stream.good, first, last) <= thresholds.error_rate_max * count
    well &= _within(_overfull(stream, thresholds), first, _last_bin(s, starts, thresholds)) == 0
    well &= _keeps(stream, first, last, limit)
    return int(starts[np.argmax(well)]) if well.any() else None


def _within(mask: NDArray[np.bool_], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the marked operations in each [first, last)."""
    total = np.concatenate(([0], np.cumsum(mask)))
    counts: NDArray[np.int64] = total[np.maximum(last, first)] - total[first]
    return counts


def _overfull(stream: Stream, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Return the operations that begin a 1 s stretch over budget: bins that no choice of phase can hide from."""
    s = stream.intended_ns
    here = np.arange(len(s))
    end = np.searchsorted(s, s + thresholds.bin_ns)
    return over_budget(_within(~stream.good, here, end), end - here, thresholds)


def _last_bin(s: NDArray[np.int64], starts: NDArray[np.int64], thresholds: Thresholds) -> NDArray[np.int64]:
    return np.searchsorted(s, starts + thresholds.window_ns - thresholds.bin_ns, side="right")


def _keeps(stream: Stream, first: NDArray[np.int64], last: NDArray[np.int64], limit: Ceiling) -> NDArray[np.bool_]:
    """Return the windows that keep the ceiling. A percentile is at most x if its rank's share of values is."""
    count = last - first
    kept = np.ones(len(first), dtype=np.bool_)
    for bound, per_mille in ((limit.p95_ns, 950), (limit.p99_ns, 990)):
        if bound is not None:
            rank = np.maximum(1, -(-per_mille * count // 1000))
            kept &= _within(stream.latency_ns <= bound, first, last) >= rank
    if limit.recall_min is not None:
        measured = ~np.isnan(stream.recall)
        total = np.concatenate(([0.0], np.cumsum(np.where(measured, stream.recall, 0.0))))
        answers = _within(measured, first, last)
        kept &= (answers > 0) & (total[last] - total[first] >= limit.recall_min * answers - 1e-6)
    return kept


def downtime(stream: Stream, begin_ns: int, end_ns: int, thresholds: Thresholds) -> Downtime:
    """Return the downtime in 1 s bins from begin_ns on (docs/measuring.md: downtime, partial downtime)."""
    bad, total = _binned(stream, ~stream.good, begin_ns, end_ns, thresholds)
    down = (total > 0) & (bad > thresholds.down_share * total)
    return Downtime(
        bad_s=float(over_budget(bad, total, thresholds).sum()) * thresholds.bin_s,
        down_s=float(down.sum()) * thresholds.bin_s,
        longest_outage_s=_longest_run(down) * thresholds.bin_s,
        bins=len(total),
    )


def bad_bins(stream: Stream, begin_ns: int, end_ns: int, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Return which 1 s bins from begin_ns on are over budget: those that bad_s counts."""
    return over_budget(*_binned(stream, ~stream.good, begin_ns, end_ns, thresholds), thresholds)


def wrong_s(stream: Stream, begin_ns: int, end_ns: int, thresholds: Thresholds) -> tuple[float, int]:
    """Return the seconds of 1 s bins with more than 5% of their answers wrong, and the number of bins."""
    wrong, _ = _binned(stream, stream.wrong, begin_ns, end_ns, thresholds)
    answers, _ = _binned(stream, ~np.isnan(stream.recall), begin_ns, end_ns, thresholds)
    over = over_budget(wrong, answers, thresholds)
    return float(over.sum()) * thresholds.bin_s, len(over)


def _binned(
    stream: Stream, mask: NDArray[np.bool_], begin_ns: int, end_ns: int, thresholds: Thresholds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many operations are marked, and how many there are, in each bin of [begin_ns, end_ns)."""
    edges = np.arange(begin_ns, max(end_ns, begin_ns), thresholds.bin_ns, dtype=np.int64)
    at = np.searchsorted(stream.intended_ns, np.append(edges, end_ns) if len(edges) else edges)
    return _within(mask, at[:-1], at[1:]), np.diff(at)


def _longest_run(mask: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def availability(stream: Stream, begin_ns: int, end_ns: int) -> tuple[float, int]:
    """Return good / scheduled over [begin_ns, end_ns), what was never sent included; NaN where none was."""
    inside = stream.between(begin_ns, end_ns)
    return (float(inside.good.mean()) if len(inside) else math.nan), len(inside)


def seconds_since(begin_ns: int, moment_ns: int | None) -> float:
    """Return seconds from begin_ns, inf where the moment never came."""
    return math.inf if moment_ns is None else (moment_ns - begin_ns) / NS_PER_S
