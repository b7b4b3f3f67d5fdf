"""How each kind of client was served: latencies, availability, outages, and when they were served again for good.

Source: docs/measuring.md, the definition of each figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping

from harness.checks import recovery
from harness.checks.answers import Stream
from harness.checks.content import invalid
from harness.checks.recovery import Ceiling
from harness.checks.sending import measured, scheduled, send_lag, sent
from harness.evidence.clients.figures import FIGURES
from harness.evidence.clients.steady import steady_state
from harness.kind import SEARCHES, WRITES, Kind
from harness.slo import measures, proof
from harness.slo.clients import NOBODY, search_ceiling
from harness.slo.evidence import Judge, Part, not_applicable
from harness.slo.figure import NOT_MEASURED, Figures, Measured, Over
from harness.slo.inputs import Inputs
from harness.verdict import Finding, Validity

_WORDS = {"search": "searches", "write": "writes", "stock": "an application's searches"}
_SERVED = {
    "search": ("availability", "bad_s", "down_s", "longest_outage_s"),
    "write": ("write_availability", "write_bad_s"),
}
_RECOVERIES: Mapping[str, tuple[str, tuple[Kind, ...]]] = {
    "recover_s": ("search", (Kind.SEARCH,)),
    "write_recover_s": ("write", WRITES),
    "stock_recover_s": ("stock", (Kind.STOCK,)),
}
_LATENCIES = tuple(figure for figure in FIGURES if figure.per_mille)
_RECOVERED = tuple(figure for figure in _LATENCIES if figure.over is Over.RECOVERED)


class Clients(Judge):
    """Searches on a schedule, writes, and an application's searches; Strong reads are a kind of their own."""

    figures = FIGURES

    def measure(self, at: Inputs) -> Part:
        """Return steady latencies, how clients were served, and their recovery where a fault took effect."""
        if at.traffic.is_none:
            return not_applicable(self)
        found = {**_steady(at), **_served(at)}
        return Part(found if at.seen.effect_ns is None else {**found, **_recovery(at), **_recovered(at)})

    def steady(self, at: Inputs) -> Iterator[Validity]:
        """Yield whether there is a steady state of searches to compare with, and nobody's calls failed in it."""
        if at.traffic.is_none:
            return
        gated = (f for f in _LATENCIES if f.over is Over.STEADY and f.name in at.held)
        yield from steady_state(at, percentiles=tuple(figure.per_mille for figure in gated))

    def conditions(self, at: Inputs) -> Iterator[Validity]:
        """Yield whether what was planned was sent, and in time."""
        if at.traffic.is_none:
            return
        operations = measured(at.history.operations, at.windows)
        yield send_lag(operations, at.traffic.deadline_ns, at.thresholds)
        yield sent(operations, at.thresholds)
        yield from scheduled(at.history, at.windows, at.thresholds, (*SEARCHES, Kind.READ))

    def findings(self, at: Inputs) -> Iterator[Finding]:
        """Yield the searches with invalid content."""
        reads = at.answers.operations.kind == Kind.READ
        yield from proof.flawed("content", "searches", at, invalid(at.answers.flaws) & ~reads)

    def proofs(self, at: Inputs, broken: Collection[str]) -> Iterator[Finding]:
        """Yield the first bad operations, the slowest, and those that put off a recovery, by the rule they broke."""
        streams = _streams(at)
        for client, figures in _SERVED.items():
            yield from (proof.bad(f, _WORDS[client], streams[client], at) for f in figures if f in broken)
        for figure in (figure for figure in _LATENCIES if figure.name in broken):
            inside = at.steady if figure.over is Over.STEADY else measures.recovered(at, at.searches)
            yield proof.slow(figure.name, _WORDS["search"], inside, figure.per_mille)
        for name, (client, _) in _RECOVERIES.items():
            if name in broken:
                limit = search_ceiling(at) if client == "search" else Ceiling()
                yield proof.late(name, _WORDS[client], streams[client], limit or Ceiling(), at)


def _streams(at: Inputs) -> Mapping[str, Stream]:
    return {"search": at.searches, "write": at.writes, "stock": at.stock}


def _steady(at: Inputs) -> Figures:
    gated = (figure for figure in _LATENCIES if figure.over is Over.STEADY)
    return {figure.name: measures.percentile(at.steady, figure.per_mille, at.thresholds) for figure in gated}


def _served(at: Inputs) -> Figures:
    """Return how well clients were served over the judged window (Windows.judged)."""
    search, write = at.served.get("search", NOBODY), at.served.get("write", NOBODY)
    bins = recovery.bins(*at.windows.judged, at.thresholds)
    return {
        "availability": Measured(search.availability, search.n),
        "invalid_answers": measures.invalid_answers(at, at.searches, at.stock),
        "bad_s": Measured(search.bad_s, bins),
        "down_s": Measured(search.down_s, bins),
        "longest_outage_s": Measured(search.longest_outage_s, bins),
        "write_availability": Measured(write.availability, write.n),
        "write_bad_s": Measured(write.bad_s, bins),
    }


def _recovery(at: Inputs) -> Figures:
    search = at.served.get("search", NOBODY)
    return {
        "detect_s": Measured(search.detect_s, search.n),
        "first_success_s": Measured(search.first_success_s, search.n),
        "settle_s": _settle(at),
        **{name: measures.recovery(at, client, name, kinds) for name, (client, kinds) in _RECOVERIES.items()},
    }


def _settle(at: Inputs) -> Measured:
    """Return how long searches took once the cluster was whole; never whole is infinite."""
    search, restored_ns = at.served.get("search", NOBODY), at.windows.restored_ns
    if math.isnan(search.recover_s):
        return NOT_MEASURED
    settle_s = math.inf if restored_ns is None else recovery.seconds_since(restored_ns, at.seen.recovered_ns)
    return Measured(settle_s, search.n)


def _recovered(at: Inputs) -> Figures:
    """Return latencies from recovery to the end; never recovered, they are infinite."""
    if at.seen.recovered_ns is None:
        never = Measured(math.inf, 0, observed=measures.observed(at, "recover_s"))
        return {figure.name: never for figure in _RECOVERED}
    inside = measures.recovered(at, at.searches)
    of_unit: Mapping[str, Callable[[int], Measured]] = {
        "ms": lambda per_mille: measures.percentile(inside, per_mille, at.thresholds),
        "x": lambda per_mille: measures.ratio(inside, at.steady, per_mille, at.thresholds),
    }
    return {figure.name: of_unit[figure.unit](figure.per_mille) for figure in _RECOVERED}
