"""What the thresholds that the definitions leave open rest on: python -m benchmarks.starred reports/RUN [...].

Every steady state of the runs is a control: nothing was done to the cluster, so whatever its second half differs by
from its first is noise, and a threshold below that would raise false alarms. Printed, for each threshold, are its value
and the median, the 95th percentile and the worst of the controls. Those of INVALID scenarios are left out, and said.
How long recovery must last is held against the longest calm before a bad second once the cluster is whole again: who
waits for less takes that calm for the recovery.

Then, over made-up latencies whose true percentiles are known: what share of 95% intervals of a p95 contain it, by the
width of the bootstrap's blocks, and by how much most measured percentiles are off, by how many operations they rest on.
A part of the latencies' variance is shared with those before them, as much and for as long as in the controls.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Answers, Stream, answers
from harness.checks.latency import NEVER_NS, block_interval_ns, percentile_ns
from harness.checks.recall import mean_recall
from harness.checks.recovery import bad_bins
from harness.checks.thresholds import DEFAULT
from harness.checks.windows import windows
from harness.history import NS_PER_S, History
from harness.kind import Kind
from harness.run.judging import judge_folder
from harness.store.run_folder import RunFolder
from harness.verdict import Verdict

WIDTHS_S = (0.02, 0.5, 1.0, 2.0, 4.0, 8.0)
COUNTS = (100, 200, 500, 1000, 2000, 5000)
SERIES, SERIES_S, RATE = 400, 40, 50
_LAG = RATE // 2  # half a second
_SPREAD = 0.5  # of the made-up latencies' logarithm; coverage does not depend on it
THRESHOLDS = {
    "p50 of the halves, larger to smaller": DEFAULT.steady_p50_ratio_max,
    "p95, second half to first": DEFAULT.p95_ratio_max,
    "p99, second half to first": DEFAULT.p99_ratio_max,
    "bad searches in the worst second": DEFAULT.bin_bad_share_max,
    "recall lost from first half to second": DEFAULT.recall_drop_max,
    "send lag p99, of the deadline": DEFAULT.send_lag_share_max,
}


def controls(runs: Sequence[Path]) -> Iterator[tuple[History, Answers]]:
    """Judge every scenario of the runs, and yield those that are of use."""
    for run in runs:
        for folder in RunFolder.open(run).scenarios():
            record, history, judged = judge_folder(folder)
            if judged.judgement.verdict is Verdict.INVALID:
                print(f"Left out: {run.name}, {record.name}: {'; '.join(judged.judgement.reasons)}")
            else:
                yield history, answers(history, DEFAULT)


def noise(history: History, answered: Answers) -> Mapping[str, float]:
    """Return by how much a steady state differs from itself, a value for each threshold."""
    begin_ns, end_ns = history.phase("steady") or (0, 0)
    whole = answered.stream(Kind.SEARCH).between(begin_ns, end_ns)
    first, second = (whole.between(a, b) for a, b in _halves(begin_ns, end_ns))
    p50 = _ratio(first, second, 500)
    operations = history.operations.between(begin_ns, end_ns)
    lag_ns = percentile_ns((operations.sent_ns - operations.intended_ns)[operations.sent_ns >= 0], 990) or 0
    values = (
        max(p50, 1 / p50),
        _ratio(first, second, 950),
        _ratio(first, second, 990),
        _worst_bin(whole, begin_ns),
        mean_recall(first.recall) - mean_recall(second.recall),
        lag_ns / history.traffic.deadline_ns,
    )
    return dict(zip(THRESHOLDS, values, strict=True))


def _halves(begin_ns: int, end_ns: int) -> tuple[tuple[int, int], tuple[int, int]]:
    middle_ns = (begin_ns + end_ns) // 2
    return (begin_ns, middle_ns), (middle_ns, end_ns)


def _ratio(first: Stream, second: Stream, per_mille: int) -> float:
    one, other = (percentile_ns(half.latency_ns, per_mille) or NEVER_NS for half in (first, second))
    return other / one


def _worst_bin(stream: Stream, begin_ns: int) -> float:
    at = (stream.intended_ns - begin_ns) // NS_PER_S
    counts, bad = np.bincount(at), np.bincount(at, weights=~stream.good)
    return float((bad / np.maximum(counts, 1)).max())


def calm_s(history: History, answered: Answers) -> float:
    """Return the longest calm before a bad second once the cluster is whole again; NaN where none was bad by then."""
    at = windows(history)
    if at.restored_ns is None:
        return math.nan
    (bad,) = np.nonzero(bad_bins(answered.stream(Kind.SEARCH), at.restored_ns, at.end_ns, DEFAULT))
    return float(np.diff(bad, prepend=-1).max() - 1) if len(bad) else math.nan


def memory(history: History, answered: Answers) -> tuple[float, float]:
    """Return how a search's latency, its logarithm, correlates with the next one's and with one _LAG later."""
    stream = answered.stream(Kind.SEARCH).between(*(history.phase("steady") or (0, 0)))
    logs = np.log(stream.latency_ns[stream.good].astype(float))
    logs -= logs.mean()
    near, far = (float((logs[lag:] * logs[:-lag]).sum() / (logs * logs).sum()) for lag in (1, _LAG))
    return near, far


def lasting(near: float, far: float) -> tuple[float, float]:
    """Return what share of the variance lasts, and how much of that lasts from one search to the next."""
    kept = float(np.clip(far / near, 1e-6, 0.999)) ** (1 / (_LAG - 1))
    return min(1.0, near / kept), kept


def coverage(share: float, kept: float, width_s: float) -> float:
    """Return the share of made-up series whose interval contains the true p95."""
    rng, n = np.random.default_rng(1), SERIES_S * RATE
    intended_ns, true_ns = np.arange(n) * (NS_PER_S // RATE), _true_ns(950)
    inside = 0
    for _ in range(SERIES):
        latency_ns = _latencies_ns(rng, n, share, kept)
        found = block_interval_ns(
            intended_ns, latency_ns, 950, block_ns=round(width_s * NS_PER_S), resamples=DEFAULT.resamples, seed=0
        )
        inside += found is not None and found[0] <= true_ns <= found[1]
    return inside / SERIES


def off(share: float, kept: float, n: int, per_mille: int) -> float:
    """Return by which share of the truth 95% of measured percentiles are off at most, of n operations."""
    rng = np.random.default_rng(1)
    found = [percentile_ns(_latencies_ns(rng, n, share, kept), per_mille) or 0 for _ in range(SERIES)]
    return float(np.quantile(np.abs(np.array(found) / _true_ns(per_mille) - 1), 0.95))


def _true_ns(per_mille: int) -> float:
    return math.exp(_SPREAD * NormalDist().inv_cdf(per_mille / 1000)) * 1e7


def _latencies_ns(rng: np.random.Generator, n: int, share: float, kept: float) -> NDArray[np.int64]:
    return np.round(np.exp(_SPREAD * _made_up(rng, n, share, kept)) * 1e7).astype(np.int64)


def _made_up(rng: np.random.Generator, n: int, share: float, kept: float) -> NDArray[np.float64]:
    """Return n values, normal with variance 1, of which a share goes over from one to the next."""
    steps = rng.standard_normal(n) * math.sqrt(1 - kept * kept)
    value, slow = rng.standard_normal(), np.empty(n)
    for at, step in enumerate(steps):
        slow[at] = value = kept * value + step
    return math.sqrt(share) * slow + math.sqrt(1 - share) * rng.standard_normal(n)


def main() -> int:
    """Print all tables."""
    runs = [Path(run) for run in sys.argv[1:]]
    if not runs:
        print(__doc__)
        return 4
    found = list(controls(runs))
    noises = [noise(*one) for one in found]
    print("\n| threshold | value | n | median | 95th percentile | worst |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, value in THRESHOLDS.items():
        _tell(name, value, [one[name] for one in noises])
    calms = [calm_s(*one) for one in found]
    _tell("calm before a bad second, s", DEFAULT.window_s, [one for one in calms if not math.isnan(one)])
    near, far = np.median([memory(*one) for one in found], axis=0)
    share, kept = lasting(float(near), float(far))
    print(f"\nCorrelation with the next search {near:.2f}, with that half a second later {far:.2f}.\n")
    print("| width of a block | 95% intervals that contain the p95 |\n|---:|---:|")
    for width_s in WIDTHS_S:
        print(f"| {width_s:g} s | {coverage(share, kept, width_s):.2f} |")
    print("\n| operations | p95 off by at most | p99 off by at most |\n|---:|---:|---:|")
    for n in COUNTS:
        print(f"| {n:,} | {off(share, kept, n, 950):.0%} | {off(share, kept, n, 990):.0%} |")
    return 0


def _tell(name: str, value: float, seen: Sequence[float]) -> None:
    middle, high = (float(np.quantile(seen, share, method="inverted_cdf")) for share in (0.5, 0.95))
    print(f"| {name} | {value:g} | {len(seen)} | {middle:.3g} | {high:.3g} | {max(seen):.3g} |")


if __name__ == "__main__":
    sys.exit(main())
