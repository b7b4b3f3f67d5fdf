"""A history's figures by name, each with how many operations it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.checks import data, recovery
from harness.checks.answers import Answers, Stream
from harness.checks.keys import distinct
from harness.checks.latency import block_interval_ns, percentile_ns, to_ms
from harness.checks.recall import mean_recall
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows
from harness.history import NS_PER_S, History, Kind
from harness.slo.limits import Limits
from harness.verdict import Finding, Marks


@dataclass(frozen=True)
class Measured:
    """A figure's value: NaN where it could not be measured, inf where it was never reached.

    `enough` is False where n is too small for the value to be held to a limit; `applies` where the traffic gives
    the figure no meaning.
    """

    value: float
    n: int
    interval: tuple[float, float] | None = None
    enough: bool = True
    applies: bool = True


NOT_MEASURED = Measured(math.nan, 0)
Figures = Mapping[str, Measured]


@dataclass(frozen=True, eq=False)
class Scene:
    """What all figures are measured from: the answers of each kind and the windows."""

    searches: Stream
    writes: Stream
    steady: Stream
    windows: Windows
    limits: Limits
    thresholds: Thresholds


def scene(answers: Answers, windows: Windows, limits: Limits, thresholds: Thresholds) -> Scene:
    """Sort the answers by kind and window."""
    searches = answers.stream(Kind.SEARCH)
    steady = searches.between(*(windows.steady or (0, 0)))
    return Scene(searches, answers.stream(Kind.INSERT, Kind.DELETE), steady, windows, limits, thresholds)


def marks(at: Scene) -> Marks:
    """Return the moments of the fault as searches saw them."""
    w, th = at.windows, at.thresholds
    if w.effect_ns is None:
        return Marks(None, w.healed_ns, None, None, None)
    detect_ns = recovery.first_bad_ns(at.searches, w.effect_ns, w.end_ns)
    first_ns = None if detect_ns is None else recovery.first_good_ns(at.searches, detect_ns, w.end_ns)
    limit = recovery.ceiling(
        at.steady, th, p95_cap_ms=at.limits.recovered_p95_ms, p99_cap_ms=at.limits.recovered_p99_ms
    )
    recovered_ns = None
    if limit is not None and w.restored_ns is not None:
        recovered_ns = recovery.sustained_ns(at.searches, w.restored_ns, w.end_ns, limit, th)
    return Marks(w.effect_ns, w.healed_ns, detect_ns, first_ns, recovered_ns)


def steady_figures(at: Scene) -> Figures:
    """Return the figures of the steady state."""
    return {
        "steady_p95_ms": _percentile(at.steady, 950, at.thresholds),
        "steady_p99_ms": _percentile(at.steady, 990, at.thresholds),
        "recall": Measured(mean_recall(at.steady.recall), _answers(at.steady)),
    }


def served_figures(at: Scene) -> Figures:
    """Return how well clients were served over the judged window (Windows.judged)."""
    begin_ns, end_ns = at.windows.judged
    reads = recovery.downtime(at.searches, begin_ns, end_ns, at.thresholds)
    writes = recovery.downtime(at.writes, begin_ns, end_ns, at.thresholds)
    share, n = recovery.availability(at.searches, begin_ns, end_ns)
    write_share, write_n = recovery.availability(at.writes, begin_ns, end_ns)
    wrong_s, bins = recovery.wrong_s(at.searches, begin_ns, end_ns, at.thresholds)
    return {
        "availability": Measured(share, n),
        "bad_s": Measured(reads.bad_s if n else math.nan, reads.bins),
        "down_s": Measured(reads.down_s if n else math.nan, reads.bins),
        "longest_outage_s": Measured(reads.longest_outage_s if n else math.nan, reads.bins),
        # Without a steady state there is nothing to have become worse than.
        "wrong_s": Measured(wrong_s if n and _answers(at.steady) else math.nan, bins),
        "write_availability": Measured(write_share, write_n),
        "write_bad_s": Measured(writes.bad_s if write_n else math.nan, writes.bins),
    }


def recovery_figures(at: Scene, seen: Marks) -> Figures:
    """Return the figures of a fault's recovery; not measured where no fault took effect."""
    begin_ns, end_ns = at.windows.judged
    if seen.effect_ns is None:
        return {}
    return {
        "detect_s": _seconds(begin_ns, seen.detect_ns, end_ns, at.searches),
        "first_success_s": _seconds(begin_ns, seen.first_success_ns, end_ns, at.searches),
        **_recover(at, seen),
        "write_recover_s": _write_recover(at),
        **_recovered(at, seen),
    }


def _seconds(begin_ns: int, moment_ns: int | None, end_ns: int, stream: Stream) -> Measured:
    """Return seconds until a moment that need not have come: no impact is NaN, never 0."""
    value = math.nan if moment_ns is None else (moment_ns - begin_ns) / NS_PER_S
    return Measured(value, len(stream.between(begin_ns, end_ns)))


def _recover(at: Scene, seen: Marks) -> Figures:
    begin_ns, end_ns = at.windows.judged
    n = len(at.searches.between(begin_ns, end_ns))
    if not len(at.steady) or not n:
        return {"recover_s": NOT_MEASURED, "settle_s": NOT_MEASURED}
    restored_ns = at.windows.restored_ns
    settle_s = math.inf if restored_ns is None else recovery.seconds_since(restored_ns, seen.recovered_ns)
    recover_s = recovery.seconds_since(begin_ns, seen.recovered_ns)
    return {"recover_s": Measured(recover_s, n), "settle_s": Measured(settle_s, n)}


def _write_recover(at: Scene) -> Measured:
    """Return when writes were served again for good: errors only, since they have no baseline of latency."""
    begin_ns, end_ns = at.windows.judged
    n = len(at.writes.between(begin_ns, end_ns))
    if not n:
        return NOT_MEASURED
    restored_ns, moment_ns = at.windows.restored_ns, None
    if restored_ns is not None:
        moment_ns = recovery.sustained_ns(at.writes, restored_ns, end_ns, recovery.Ceiling(), at.thresholds)
    return Measured(recovery.seconds_since(begin_ns, moment_ns), n)


def _recovered(at: Scene, seen: Marks) -> Figures:
    """Return latency and recall from recovery to the end.

    Never recovered: latency is inf, and recall that of the last window, where answering nothing finds nothing.
    """
    end_ns = at.windows.end_ns
    if seen.recovered_ns is None:
        last = at.searches.between(end_ns - at.thresholds.window_ns, end_ns)
        found = mean_recall(last.recall) if _answers(last) else 0.0
        never = {name: Measured(math.inf, 0) for name in _OF_RECOVERED}
        return {**never, "recall_recovered": Measured(found, _answers(last))}
    inside = at.searches.between(seen.recovered_ns, end_ns)
    p95, p99 = (_percentile(inside, per_mille, at.thresholds) for per_mille in (950, 990))
    return {
        "recovered_p95_ms": p95,
        "recovered_p99_ms": p99,
        "recovered_p95_ratio": _ratio(p95, _percentile(at.steady, 950, at.thresholds)),
        "recovered_p99_ratio": _ratio(p99, _percentile(at.steady, 990, at.thresholds)),
        "recall_recovered": Measured(mean_recall(inside.recall), _answers(inside)),
    }


_OF_RECOVERED = ("recovered_p95_ms", "recovered_p99_ms", "recovered_p95_ratio", "recovered_p99_ratio")


def _ratio(after: Measured, before: Measured) -> Measured:
    known = math.isfinite(before.value) and before.value > 0
    return Measured(after.value / before.value if known else math.nan, after.n)


def _answers(stream: Stream) -> int:
    return int((~np.isnan(stream.recall)).sum())


def _percentile(stream: Stream, per_mille: int, thresholds: Thresholds) -> Measured:
    """Return a percentile in ms with its bootstrap interval; too few operations for it are not enough."""
    n = len(stream)
    interval = block_interval_ns(
        stream.intended_ns,
        stream.latency_ns,
        per_mille,
        block_ns=round(thresholds.block_s * NS_PER_S),
        resamples=thresholds.resamples,
        seed=thresholds.bootstrap_seed,
    )
    return Measured(
        to_ms(percentile_ns(stream.latency_ns, per_mille)),
        n,
        (to_ms(interval[0]), to_ms(interval[1])) if interval else None,
        enough=n >= thresholds.operations_for(per_mille),
    )


def data_figures(history: History) -> tuple[Figures, tuple[Finding, ...]]:
    """Return the rows lost, resurrected, phantom, duplicate and flipped, and the findings that name them."""
    reads = data.read_pair(history)
    if reads is None:
        return {}, ()
    ledger = data.ledger_of(history.operations, history.truth.rows)
    found = data.violations(ledger, *reads)
    read = len(distinct(reads[0].keys))
    figures = {
        "lost_rows": Measured(float(len(found.lost)), len(ledger.present)),
        "resurrected_rows": Measured(
            float(len(found.resurrected)),
            len(ledger.absent),
            # None came back of none deleted: no evidence, so nothing that could pass.
            enough=len(ledger.absent) > 0,
            applies=history.traffic.delete_rate > 0,
        ),
        "phantom_rows": Measured(float(len(found.phantom)), read),
        "duplicate_rows": Measured(float(found.duplicate_rows), read),
        "flipped_rows": Measured(float(len(found.flipped)), read),
    }
    return figures, data.findings(found, history.operations, reads)
