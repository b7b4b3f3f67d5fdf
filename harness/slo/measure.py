"""A history's figures by name, each with how many operations it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.checks import data, members, recovery
from harness.checks.answers import Stream
from harness.checks.content import Flaw, invalid
from harness.checks.keys import distinct, written
from harness.checks.latency import block_interval_ns, percentile_ns, ratio_interval, to_ms
from harness.checks.recall import mean_recall
from harness.checks.thresholds import Thresholds
from harness.checks.versions import versions_of
from harness.checks.windows import LIVES, Span, Windows
from harness.history import NS_PER_S, EventKind, History
from harness.kind import WRITES, Kind
from harness.slo.clients import NOBODY, Clients
from harness.slo.figures import RATIOS
from harness.slo.inputs import Inputs
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


def timed_figures(at: Inputs, served: Clients, seen: Marks) -> Figures:
    """Return every figure of what clients were answered: what changes with how their time is counted."""
    return {**steady_figures(at), **served_figures(at, served), **recovery_figures(at, served, seen)}


def steady_figures(at: Inputs) -> Figures:
    """Return the figures of the steady state."""
    return {
        "steady_p95_ms": _percentile(at.steady, 950, at.thresholds),
        "steady_p99_ms": _percentile(at.steady, 990, at.thresholds),
        "recall": _recall(at.steady, at.thresholds),
    }


def served_figures(at: Inputs, served: Clients) -> Figures:
    """Return how well clients were served over the judged window (Windows.judged)."""
    begin_ns, end_ns = at.windows.judged
    search, write = served.get("search", NOBODY), served.get("write", NOBODY)
    wrong_s, bins = recovery.wrong_s(at.searches, begin_ns, end_ns, at.thresholds)
    return {
        "availability": Measured(search.availability, search.n),
        "invalid_answers": _invalid(at, at.searches, at.stock),
        "bad_s": Measured(search.bad_s, bins),
        "down_s": Measured(search.down_s, bins),
        "longest_outage_s": Measured(search.longest_outage_s, bins),
        # Without a steady state there is nothing to have become worse than.
        "wrong_s": Measured(wrong_s if search.n and _answers(at.steady) else math.nan, bins),
        "write_availability": Measured(write.availability, write.n),
        "write_bad_s": Measured(write.bad_s, bins),
        **_freshness(at),
    }


def _invalid(at: Inputs, *streams: Stream) -> Measured:
    """Return how many answers had invalid content, from the steady state on: none is ever right."""
    span = at.windows.begin_ns, at.windows.end_ns
    flaws = np.concatenate([stream.between(*span).flaws for stream in streams])
    return Measured(float(invalid(flaws).sum()) if len(flaws) else math.nan, len(flaws))


def _freshness(at: Inputs) -> Figures:
    """Return how well Strong reads found what was written last, and how long they took for it."""
    inside = at.reads.between(*at.windows.judged)
    stale = int((inside.flaws & Flaw.STALE > 0).sum())
    n = len(inside) if inside.good.any() or inside.flaws.any() else 0  # that nobody answered them shows nothing
    value = float(stale) if len(inside) else math.nan
    figures = {
        "fresh_p95_ms": _percentile(at.reads.between(*(at.windows.steady or (0, 0))), 950, at.thresholds),
        # Few are too few to show that none is stale, but one that is shows itself.
        "stale_reads": Measured(value, n, needed=0 if stale else at.thresholds.answers_min),
        "invalid_reads": _invalid(at, at.reads),
    }
    offered = _offered(at, (Kind.READ,))
    return {name: replace(measured, applies=offered) for name, measured in figures.items()}


def recovery_figures(at: Inputs, served: Clients, seen: Marks) -> Figures:
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


def _recover(at: Inputs, client: Client, figure: str, kinds: Iterable[Kind]) -> Measured:
    applies = client.n > 0 or _offered(at, kinds)
    return Measured(client.recover_s, client.n, observed=_observed(at, figure), applies=applies)


def _settle(at: Inputs, search: Client, seen: Marks) -> Measured:
    """Return how long searches took once the cluster was whole; never whole is infinite."""
    if math.isnan(search.recover_s):
        return NOT_MEASURED
    restored_ns = at.windows.restored_ns
    settle_s = math.inf if restored_ns is None else recovery.seconds_since(restored_ns, seen.recovered_ns)
    return Measured(settle_s, search.n)


def _observed(at: Inputs, figure: str) -> bool:
    """Return whether the observation went on until a recovery at its limit could have shown itself to last."""
    limit_s = at.held.get(figure)
    begin_ns, end_ns = at.windows.judged
    return limit_s is None or end_ns - begin_ns >= round(limit_s * NS_PER_S) + at.thresholds.window_ns


def _offered(at: Inputs, kinds: Iterable[Kind]) -> bool:
    return any(at.traffic.rate(kind) > 0 for kind in kinds)


def _recovered(at: Inputs, seen: Marks) -> Figures:
    """Return latency and recall from recovery to the end.

    Never recovered: latency is inf, and recall that of the last window, where answering nothing finds nothing.
    """
    if seen.recovered_ns is None:
        last = at.searches.between(*last_window(at))
        found = mean_recall(last.recall) if _answers(last) else 0.0
        observed = _observed(at, "recover_s")
        never = {name: Measured(math.inf, 0, observed=observed) for name in _OF_RECOVERED}
        return {**never, "recall_recovered": Measured(found, _answers(last))}
    inside = at.searches.between(seen.recovered_ns, at.windows.end_ns)
    return {
        "recovered_p95_ms": _percentile(inside, 950, at.thresholds),
        "recovered_p99_ms": _percentile(inside, 990, at.thresholds),
        "recovered_p50_ratio": _ratio(inside, at.steady, 500, at.thresholds),
        "recovered_p95_ratio": _ratio(inside, at.steady, 950, at.thresholds),
        "recovered_p99_ratio": _ratio(inside, at.steady, 990, at.thresholds),
        "recall_recovered": _recall(inside, at.thresholds),
    }


def last_window(at: Inputs) -> Span:
    """Return the last stretch in which recovery could have shown itself to last."""
    return at.windows.end_ns - at.thresholds.window_ns, at.windows.end_ns


_OF_RECOVERED = ("recovered_p95_ms", "recovered_p99_ms", *RATIOS)


def _ratio(after: Stream, before: Stream, per_mille: int, thresholds: Thresholds) -> Measured:
    one, other = (to_ms(percentile_ns(stream.latency_ns, per_mille)) for stream in (after, before))
    known = math.isfinite(other) and other > 0
    series, reference = ((stream.intended_ns, stream.latency_ns) for stream in (after, before))
    return Measured(
        one / other if known else math.nan,
        min(len(after), len(before)),
        ratio_interval(series, reference, per_mille, **_bootstrap(thresholds)) if known else None,
        needed=thresholds.operations_for(per_mille),
    )


def _recall(stream: Stream, thresholds: Thresholds) -> Measured:
    return Measured(mean_recall(stream.recall), _answers(stream), needed=thresholds.answers_min)


def _answers(stream: Stream) -> int:
    return int((~np.isnan(stream.recall)).sum())


def _percentile(stream: Stream, per_mille: int, thresholds: Thresholds) -> Measured:
    """Return a percentile in ms with its bootstrap interval."""
    interval = block_interval_ns(stream.intended_ns, stream.latency_ns, per_mille, **_bootstrap(thresholds))
    return Measured(
        to_ms(percentile_ns(stream.latency_ns, per_mille)),
        len(stream),
        (to_ms(interval[0]), to_ms(interval[1])) if interval else None,
        needed=thresholds.operations_for(per_mille),
    )


def _bootstrap(thresholds: Thresholds) -> Mapping[str, int]:
    block_ns = round(thresholds.block_s * NS_PER_S)
    return {"block_ns": block_ns, "resamples": thresholds.resamples, "seed": thresholds.bootstrap_seed}


def member_figures(history: History, windows: Windows) -> Figures:
    """Return what became of the members themselves; of an address alone, whose members nobody sees, it says nothing."""
    told = list(history.of(EventKind.MEMBER))
    watched = any(event.what in LIVES for event in told)
    ends = members.unplanned_ends(history, windows)
    counted = {
        "unplanned_restarts": len(ends) if watched else None,
        "wrong_versions": None if (wrong := members.wrong_versions(history, windows)) is None else len(wrong),
        "idle_query_nodes": members.idle_query_nodes(history),
    }
    return {
        name: replace(NOT_MEASURED, applies=watched) if value is None else Measured(float(value), len(told))
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
