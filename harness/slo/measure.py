"""A history's figures by name, each with how many operations it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.checks import data, members, recovery
from harness.checks.answers import Stream
from harness.checks.content import Flaw
from harness.checks.keys import distinct, written
from harness.checks.latency import block_interval_ns, percentile_ns, to_ms
from harness.checks.recall import mean_recall
from harness.checks.thresholds import Thresholds
from harness.checks.versions import versions_of
from harness.checks.windows import Windows
from harness.history import NS_PER_S, EventKind, History
from harness.kind import WRITES, Kind
from harness.slo.clients import NOBODY, Clients
from harness.slo.scene import Scene
from harness.verdict import Client, Finding, Marks


@dataclass(frozen=True)
class Measured:
    """A figure's value: NaN where it could not be measured, inf where it was never reached.

    A finite value of fewer than `needed` is not held to a limit, nor is an infinite one that was not `observed` for
    long enough to have become finite within its limit. `applies` is False where the traffic gives the figure no
    meaning.
    """

    value: float
    n: int
    interval: tuple[float, float] | None = None
    needed: int = 0
    observed: bool = True
    applies: bool = True


NOT_MEASURED = Measured(math.nan, 0)
Figures = Mapping[str, Measured]


def passed(relation: str, measured: Measured, limit: float | None) -> bool | None:
    """Return whether a figure keeps its limit; None where there is no limit, no value or too little of it."""
    if limit is None or math.isnan(measured.value):
        return None
    if not (measured.n >= measured.needed if math.isfinite(measured.value) else measured.observed):
        return None
    return measured.value <= limit if relation == "<=" else measured.value >= limit


def steady_figures(at: Scene) -> Figures:
    """Return the figures of the steady state."""
    return {
        "steady_p95_ms": _percentile(at.steady, 950, at.thresholds),
        "steady_p99_ms": _percentile(at.steady, 990, at.thresholds),
        "recall": _recall(at.steady, at.thresholds),
    }


def served_figures(at: Scene, served: Clients) -> Figures:
    """Return how well clients were served over the judged window (Windows.judged)."""
    begin_ns, end_ns = at.windows.judged
    search, write = served.get("search", NOBODY), served.get("write", NOBODY)
    wrong_s, bins = recovery.wrong_s(at.searches, begin_ns, end_ns, at.thresholds)
    invalid = int((at.searches.between(begin_ns, end_ns).flaws > 0).sum())
    return {
        "availability": Measured(search.availability, search.n),
        "invalid_answers": Measured(float(invalid) if search.n else math.nan, search.n),
        "bad_s": Measured(search.bad_s, bins),
        "down_s": Measured(search.down_s, bins),
        "longest_outage_s": Measured(search.longest_outage_s, bins),
        # Without a steady state there is nothing to have become worse than.
        "wrong_s": Measured(wrong_s if search.n and _answers(at.steady) else math.nan, bins),
        "write_availability": Measured(write.availability, write.n),
        "write_bad_s": Measured(write.bad_s, bins),
        **_freshness(at),
    }


def _freshness(at: Scene) -> Figures:
    """Return how well Strong reads found what was written last, and how long they took for it."""
    inside = at.reads.between(*at.windows.judged)
    stale, n = int((inside.flaws & Flaw.STALE > 0).sum()), len(inside)
    figures = {
        "fresh_p95_ms": _percentile(at.reads.between(*(at.windows.steady or (0, 0))), 950, at.thresholds),
        "stale_reads": Measured(float(stale) if n else math.nan, n, needed=at.thresholds.answers_min),
    }
    offered = _offered(at, (Kind.READ,))
    return {name: replace(measured, applies=offered) for name, measured in figures.items()}


def recovery_figures(at: Scene, served: Clients, seen: Marks) -> Figures:
    """Return the figures of a fault's recovery; not measured where no fault took effect."""
    if seen.effect_ns is None:
        return {}
    search = served.get("search", NOBODY)
    return {
        "detect_s": Measured(search.detect_s, search.n),
        "first_success_s": Measured(search.first_success_s, search.n),
        "recover_s": _recover(at, search, "recover_s", (Kind.SEARCH,)),
        "settle_s": _settle(at, search, seen),
        "write_recover_s": _recover(at, served.get("write", NOBODY), "write_recover_s", WRITES),
        "fresh_recover_s": _recover(at, served.get("read", NOBODY), "fresh_recover_s", (Kind.READ,)),
        "stock_recover_s": _recover(at, served.get("stock", NOBODY), "stock_recover_s", (Kind.STOCK,)),
        **_recovered(at, seen),
    }


def _recover(at: Scene, client: Client, figure: str, kinds: Iterable[Kind]) -> Measured:
    applies = client.n > 0 or _offered(at, kinds)
    return Measured(client.recover_s, client.n, observed=_observed(at, figure), applies=applies)


def _settle(at: Scene, search: Client, seen: Marks) -> Measured:
    """Return how long searches took once the cluster was whole; never whole is infinite."""
    if math.isnan(search.recover_s):
        return NOT_MEASURED
    restored_ns = at.windows.restored_ns
    settle_s = math.inf if restored_ns is None else recovery.seconds_since(restored_ns, seen.recovered_ns)
    return Measured(settle_s, search.n)


def _observed(at: Scene, figure: str) -> bool:
    """Return whether the observation went on until a recovery at its limit could have shown itself to last."""
    limit_s = at.limits.given().get(figure)
    begin_ns, end_ns = at.windows.judged
    return limit_s is None or end_ns - begin_ns >= round(limit_s * NS_PER_S) + at.thresholds.window_ns


def _offered(at: Scene, kinds: Iterable[Kind]) -> bool:
    return any(at.traffic.rate(kind) > 0 for kind in kinds)


def _recovered(at: Scene, seen: Marks) -> Figures:
    """Return latency and recall from recovery to the end.

    Never recovered: latency is inf, and recall that of the last window, where answering nothing finds nothing.
    """
    end_ns = at.windows.end_ns
    if seen.recovered_ns is None:
        last = at.searches.between(end_ns - at.thresholds.window_ns, end_ns)
        found = mean_recall(last.recall) if _answers(last) else 0.0
        observed = _observed(at, "recover_s")
        never = {name: Measured(math.inf, 0, observed=observed) for name in _OF_RECOVERED}
        return {**never, "recall_recovered": Measured(found, _answers(last))}
    inside = at.searches.between(seen.recovered_ns, end_ns)
    p95, p99 = (_percentile(inside, per_mille, at.thresholds) for per_mille in (950, 990))
    return {
        "recovered_p95_ms": p95,
        "recovered_p99_ms": p99,
        "recovered_p95_ratio": _ratio(p95, _percentile(at.steady, 950, at.thresholds)),
        "recovered_p99_ratio": _ratio(p99, _percentile(at.steady, 990, at.thresholds)),
        "recall_recovered": _recall(inside, at.thresholds),
    }


_OF_RECOVERED = ("recovered_p95_ms", "recovered_p99_ms", "recovered_p95_ratio", "recovered_p99_ratio")


def _ratio(after: Measured, before: Measured) -> Measured:
    known = math.isfinite(before.value) and before.value > 0
    ratio = after.value / before.value if known else math.nan
    return Measured(ratio, min(after.n, before.n), needed=after.needed)


def _recall(stream: Stream, thresholds: Thresholds) -> Measured:
    return Measured(mean_recall(stream.recall), _answers(stream), needed=thresholds.answers_min)


def _answers(stream: Stream) -> int:
    return int((~np.isnan(stream.recall)).sum())


def _percentile(stream: Stream, per_mille: int, thresholds: Thresholds) -> Measured:
    """Return a percentile in ms with its bootstrap interval."""
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
        needed=thresholds.operations_for(per_mille),
    )


def member_figures(history: History, windows: Windows) -> Figures:
    """Return what became of the members themselves; a figure that nobody looked at applies to nothing."""
    lives = sum(1 for _ in history.of(EventKind.MEMBER))
    ends = members.unplanned_ends(history, windows)
    counted = {
        "unplanned_restarts": len(ends) if lives else None,
        "wrong_versions": None if (wrong := members.wrong_versions(history, windows)) is None else len(wrong),
        "idle_query_nodes": members.idle_query_nodes(history),
    }
    return {
        name: replace(NOT_MEASURED, applies=False) if value is None else Measured(float(value), lives)
        for name, value in counted.items()
    }


def data_figures(history: History) -> tuple[Figures, tuple[Finding, ...]]:
    """Return how many rows are lost, resurrected and so on, and the findings that name them."""
    reads = data.read_pair(history)
    if reads is None:
        return {}, ()
    ledger = data.ledger_of(history.operations, history.truth.rows)
    versions = versions_of(written(history.operations))
    found = data.violations(ledger, versions, history.truth.rows, *reads)
    read = len(distinct(reads[0].keys))
    figures = {
        "lost_rows": Measured(float(len(found.lost)), len(ledger.present)),
        "resurrected_rows": Measured(
            float(len(found.resurrected)),
            len(ledger.absent),
            # None came back of none deleted: no evidence, so nothing that could pass.
            needed=1,
            applies=history.traffic.rate(Kind.DELETE) > 0,
        ),
        "stale_rows": Measured(float(len(found.stale)), len(versions)),
        "phantom_rows": Measured(float(len(found.phantom)), read),
        "duplicate_rows": Measured(float(found.duplicate_rows), read),
        "damaged_rows": Measured(float(len(found.damaged)), read),
        "flipped_rows": Measured(float(len(found.flipped)), read),
    }
    return figures, data.findings(found, history.operations, reads)
