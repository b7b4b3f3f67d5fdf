"""Which operations prove that a limit was broken: a finding for each such figure that no check has told of by itself.

Source: docs/measuring.md, the definition of each figure: its operations, its window, and what recovery asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Stream
from harness.checks.latency import NEVER_NS, percentile_ns
from harness.checks.recovery import Ceiling, hindrance
from harness.history import NS_PER_MS, NS_PER_S
from harness.slo.clients import search_ceiling
from harness.slo.figures import PERCENTILES, RATIOS
from harness.slo.inputs import Inputs
from harness.slo.measure import last_window
from harness.verdict import Finding, Marks

NAMED = 10
_SERVED = {
    "search": ("availability", "bad_s", "down_s", "longest_outage_s"),
    "write": ("write_availability", "write_bad_s"),
}
_RECOVERIES = {"recover_s": "search", "write_recover_s": "write", "fresh_recover_s": "read", "stock_recover_s": "stock"}
_WORDS = {"search": "searches", "write": "writes", "read": "Strong reads", "stock": "an application's searches"}


def limit_findings(broken: Collection[str], at: Inputs, seen: Marks) -> Iterator[Finding]:
    """Yield, for each of the figures that broke its limit, the operations that it comes from, at most NAMED.

    The first bad ones of the judged window; the slowest of a percentile or ratio, those that found least of a recall;
    those that put off a recovery, by the rule that they broke.
    """
    streams = {"search": at.searches, "write": at.writes, "read": at.reads, "stock": at.stock}
    for client, figures in _SERVED.items():
        yield from (_bad(figure, client, streams[client], at) for figure in figures if figure in broken)
    for figure, per_mille in {**PERCENTILES, **RATIOS}.items():
        if figure in broken:
            client = "read" if figure.startswith("fresh") else "search"
            yield _slow(figure, client, _measured(figure, streams[client], at, seen), per_mille)
    for figure, client in _RECOVERIES.items():
        if figure in broken:
            limit = search_ceiling(at) if client == "search" else Ceiling()
            yield _late(figure, client, streams[client], limit or Ceiling(), at)
    yield from (_missed(f, _measured(f, at.searches, at, seen)) for f in ("recall", "recall_recovered") if f in broken)


def _measured(figure: str, stream: Stream, at: Inputs, seen: Marks) -> Stream:
    """Keep what a figure of the steady state, or of what came after recovery, is measured on."""
    if "recovered" not in figure:
        return stream.between(*(at.windows.steady or (0, 0)))
    begin_ns, end_ns = last_window(at) if seen.recovered_ns is None else (seen.recovered_ns, at.windows.end_ns)
    return stream.between(begin_ns, end_ns)


def _bad(figure: str, client: str, stream: Stream, at: Inputs) -> Finding:
    inside = stream.between(*at.windows.judged)
    bad = np.flatnonzero(~inside.good)
    invalid = int((inside.flaws[bad] > 0).sum())
    told = f"{len(bad)} of {len(inside)} {_WORDS[client]} were bad"
    told += f", {invalid} of them for their content" if invalid else ", without an answer in time"
    return _finding(figure, told, len(bad), inside, bad)


def _slow(figure: str, client: str, inside: Stream, per_mille: int) -> Finding:
    at_least_ns = percentile_ns(inside.latency_ns, per_mille) or 0
    slowest = np.argsort(-inside.latency_ns, kind="stable")[: int((inside.latency_ns >= at_least_ns).sum())]
    took = "had no good answer" if at_least_ns == NEVER_NS else f"took {at_least_ns / NS_PER_MS:.4g} ms or longer"
    told = f"{len(slowest)} of {len(inside)} {_WORDS[client]} {took}"
    return _finding(figure, told, len(slowest), inside, slowest)


def _missed(figure: str, inside: Stream) -> Finding:
    answered = np.flatnonzero(~np.isnan(inside.recall))
    least = answered[np.argsort(inside.recall[answered], kind="stable")]
    least = least[inside.recall[least] < 1]
    told = f"{len(least)} of {len(answered)} searches missed neighbours"
    return _finding(figure, told, len(least), inside, least)


def _late(figure: str, client: str, stream: Stream, limit: Ceiling, at: Inputs) -> Finding:
    begin_ns, end_ns = at.windows.judged
    restored_ns = at.windows.restored_ns
    if restored_ns is None:
        told = "a fault was not healed, or a member not up, in the end: nothing is recovered before"
        return Finding(figure, told, 1, t_ns=end_ns)
    hindered = hindrance(stream, restored_ns, end_ns, limit, at.thresholds)
    if hindered is None:
        whole_s = (restored_ns - begin_ns) / NS_PER_S
        told = f"the cluster was whole again {whole_s:.2f} s after the effect: nothing is recovered before"
        return Finding(figure, told, 1, t_ns=restored_ns)
    moment_s = (int(stream.intended_ns[hindered.at[0]]) - begin_ns) / NS_PER_S
    told = f"{_WORDS[client]} still had {hindered.rule} {moment_s:.2f} s after the effect"
    return _finding(figure, told, len(hindered.at), stream, hindered.at)


def _finding(figure: str, told: str, count: int, stream: Stream, at: NDArray[np.int64]) -> Finding:
    op_ids = tuple(int(op) for op in stream.op_id[at[:NAMED]])
    return Finding(figure, told, count, op_ids=op_ids, t_ns=int(stream.intended_ns[at[0]]) if len(at) else None)
