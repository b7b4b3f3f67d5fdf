"""When clients noticed the fault, when they were served again for good, and how long they were not.

Sources: the definitions in docs/measuring.md; for availability as good over scheduled, whatever was answered, Hauer et
al., "Meaningful Availability" (NSDI 2020).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
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
    """Seconds of 1 s bins over budget (bad_s), more than half bad (down_s), and the longest run of the latter.

    A last bin that the window's end cuts short counts for as long as it is.
    """

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
    windows = _windows(stream, restored_ns, end_ns, thresholds)
    well = _well(_kept(stream, windows, limit, thresholds))
    return int(windows.starts[np.argmax(well)]) if well.any() else None


@dataclass(frozen=True, eq=False)
class Hindrance:
    """Why the last window before recovery was none: the rule that it broke, and the operations that broke it.

    `at` are their places in the stream: the first one first where recovery came later, else the last one first.
    """

    rule: str
    at: NDArray[np.int64]


def hindrance(
    stream: Stream, restored_ns: int, end_ns: int, limit: Ceiling, thresholds: Thresholds
) -> Hindrance | None:
    """Return what put off the recovery that `sustained_ns` finds, or kept it away; None where only time did."""
    windows = _windows(stream, restored_ns, end_ns, thresholds)
    kept = _kept(stream, windows, limit, thresholds)
    well = _well(kept)
    last = int(np.argmax(well)) - 1 if well.any() else len(well) - 1
    if last < 0:
        return None
    rule = next(rule for rule in kept if not rule.kept[last])
    inside = np.arange(windows.first[last], windows.last[last])
    at = inside[rule.breaks[inside]]
    return Hindrance(rule.words, at if well.any() else at[::-1])


@dataclass(frozen=True, eq=False)
class _Windows:
    """Stretches that could be the recovery: their begins, and which operations [first, last) lie in each; (w,)."""

    starts: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Rule:
    """What recovery asks for: the windows that keep it, shape (w,), and the operations that go against it, (n,)."""

    words: str
    kept: NDArray[np.bool_]
    breaks: NDArray[np.bool_]


def _windows(stream: Stream, restored_ns: int, end_ns: int, thresholds: Thresholds) -> _Windows:
    s = stream.intended_ns
    starts = np.concatenate(([restored_ns], s[np.searchsorted(s, restored_ns) :]))
    starts = starts[starts + thresholds.window_ns <= end_ns]
    first, last = np.searchsorted(s, starts), np.searchsorted(s, starts + thresholds.window_ns)
    return _Windows(*(a[last > first] for a in (starts, first, last)))


def _well(rules: list[_Rule]) -> NDArray[np.bool_]:
    well: NDArray[np.bool_] = np.logical_and.reduce([rule.kept for rule in rules])
    return well


def _kept(stream: Stream, windows: _Windows, limit: Ceiling, thresholds: Thresholds) -> list[_Rule]:
    """Return what recovery asks for, each with the windows that keep it."""
    first, last, bad = windows.first, windows.last, ~stream.good
    count = last - first
    overfull = _within(_overfull(stream, thresholds), first, _last_bin(stream.intended_ns, windows.starts, thresholds))
    few = _within(bad, first, last) <= thresholds.error_rate_max * count
    return [
        _Rule(f"a second with more than {thresholds.bin_bad_share_max:.0%} bad", overfull == 0, bad),
        _Rule(f"more than {thresholds.error_rate_max:.0%} bad", few, bad),
        _Rule("a bad one", stream.good[first], bad),
        *_under(stream, windows, limit),
    ]


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


def _under(stream: Stream, windows: _Windows, limit: Ceiling) -> Iterator[_Rule]:
    """Yield the windows under each ceiling. A percentile is at most x if its rank's share of values is."""
    first, last = windows.first, windows.last
    count = last - first
    for name, bound, per_mille in (("p95", limit.p95_ns, 950), ("p99", limit.p99_ns, 990)):
        if bound is not None:
            rank, under = np.maximum(1, -(-per_mille * count // 1000)), stream.latency_ns <= bound
            yield _Rule(f"a {name} over {bound / NS_PER_MS:.4g} ms", _within(under, first, last) >= rank, ~under)
    if limit.recall_min is not None:
        measured = ~np.isnan(stream.recall)
        total = np.concatenate(([0.0], np.cumsum(np.where(measured, stream.recall, 0.0))))
        answers = _within(measured, first, last)
        enough = (answers > 0) & (total[last] - total[first] >= limit.recall_min * answers - 1e-6)
        yield _Rule(f"a recall under {limit.recall_min:.3f}", enough, ~(stream.recall >= limit.recall_min))


def downtime(stream: Stream, begin_ns: int, end_ns: int, thresholds: Thresholds) -> Downtime:
    """Return the downtime in 1 s bins from begin_ns on (docs/measuring.md: downtime, partial downtime)."""
    bad, total = _binned(stream, ~stream.good, begin_ns, end_ns, thresholds)
    down = (total > 0) & (bad > thresholds.down_share * total)
    edges_ns = _edges_ns(begin_ns, end_ns, thresholds)
    return Downtime(
        bad_s=_lasting_s(over_budget(bad, total, thresholds), edges_ns),
        down_s=_lasting_s(down, edges_ns),
        longest_outage_s=_longest_s(down, edges_ns),
        bins=len(total),
    )


def bins(begin_ns: int, end_ns: int, thresholds: Thresholds) -> int:
    """Return how many bins a window has."""
    return len(_edges_ns(begin_ns, end_ns, thresholds)) - 1


def bad_bins(stream: Stream, begin_ns: int, end_ns: int, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Return which 1 s bins from begin_ns on are over budget: those that bad_s counts."""
    return over_budget(*_binned(stream, ~stream.good, begin_ns, end_ns, thresholds), thresholds)


def wrong_s(stream: Stream, begin_ns: int, end_ns: int, thresholds: Thresholds) -> tuple[float, int]:
    """Return the seconds of 1 s bins with more than 5% of their answers wrong, and the number of bins."""
    wrong, _ = _binned(stream, stream.wrong, begin_ns, end_ns, thresholds)
    answers, _ = _binned(stream, ~np.isnan(stream.recall), begin_ns, end_ns, thresholds)
    over = over_budget(wrong, answers, thresholds)
    return _lasting_s(over, _edges_ns(begin_ns, end_ns, thresholds)), len(over)


def _binned(
    stream: Stream, mask: NDArray[np.bool_], begin_ns: int, end_ns: int, thresholds: Thresholds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many operations are marked, and how many there are, in each bin of [begin_ns, end_ns)."""
    at = np.searchsorted(stream.intended_ns, _edges_ns(begin_ns, end_ns, thresholds))
    return _within(mask, at[:-1], at[1:]), np.diff(at)


def _edges_ns(begin_ns: int, end_ns: int, thresholds: Thresholds) -> NDArray[np.int64]:
    """Return where the bins of [begin_ns, end_ns) begin, and where the last ends: perhaps sooner than the others."""
    end_ns = max(end_ns, begin_ns)
    return np.append(np.arange(begin_ns, end_ns, thresholds.bin_ns, dtype=np.int64), end_ns)


def _lasting_s(bins: NDArray[np.bool_], edges_ns: NDArray[np.int64]) -> float:
    return int(np.diff(edges_ns)[bins].sum()) / NS_PER_S


def _longest_s(bins: NDArray[np.bool_], edges_ns: NDArray[np.int64]) -> float:
    """Return how long the longest run of marked bins lasts."""
    turns = np.flatnonzero(np.diff(np.concatenate(([False], bins, [False])).astype(np.int8)))
    return int((edges_ns[turns[1::2]] - edges_ns[turns[::2]]).max(initial=0)) / NS_PER_S


def availability(stream: Stream, begin_ns: int, end_ns: int) -> tuple[float, int]:
    """Return good / scheduled over [begin_ns, end_ns), what was never sent included; NaN where none was."""
    inside = stream.between(begin_ns, end_ns)
    return (float(inside.good.mean()) if len(inside) else math.nan), len(inside)


def seconds_since(begin_ns: int, moment_ns: int | None) -> float:
    """Return seconds from begin_ns, inf where the moment never came."""
    return math.inf if moment_ns is None else (moment_ns - begin_ns) / NS_PER_S
