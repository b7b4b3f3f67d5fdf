"""Which operations prove that a limit was broken: a finding for a figure that no check has told of by itself.

Source: docs/measuring.md, the definition of each figure: its operations, its window, and what recovery asks for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Stream
from harness.checks.content import Flaw
from harness.checks.latency import NEVER_NS, percentile_ns
from harness.checks.recovery import Ceiling, hindrance
from harness.checks.windows import Span
from harness.history import NS_PER_MS, NS_PER_S
from harness.slo.inputs import Inputs
from harness.verdict import Finding

NAMED = 10
_FLAWS = {
    Flaw.COUNT: "too few or too many hits",
    Flaw.REPEATED: "a key twice",
    Flaw.DISORDERED: "hits out of order",
    Flaw.NOT_LIVE: "rows that cannot be there",
    Flaw.DAMAGED: "rows whose fields do not belong together",
}


def bad(figure: str, who: str, stream: Stream, at: Inputs) -> Finding:
    """Name the first bad operations of the judged window; `who` is their clients' word for what they asked."""
    inside = stream.between(*at.windows.judged)
    wrong = np.flatnonzero(~inside.good)
    invalid = int((inside.flaws[wrong] > 0).sum())
    told = f"{len(wrong)} of {len(inside)} {who} were bad"
    told += f", {invalid} of them for their content" if invalid else ", without an answer in time"
    return _finding(figure, told, len(wrong), inside, wrong)


def slow(figure: str, who: str, inside: Stream, per_mille: int) -> Finding:
    """Name the slowest operations, those of a percentile and beyond."""
    at_least_ns = percentile_ns(inside.latency_ns, per_mille) or 0
    slowest = np.argsort(-inside.latency_ns, kind="stable")[: int((inside.latency_ns >= at_least_ns).sum())]
    took = "had no good answer" if at_least_ns == NEVER_NS else f"took {at_least_ns / NS_PER_MS:.4g} ms or longer"
    told = f"{len(slowest)} of {len(inside)} {who} {took}"
    return _finding(figure, told, len(slowest), inside, slowest)


def missed(figure: str, inside: Stream) -> Finding:
    """Name the searches that found least."""
    answered = np.flatnonzero(~np.isnan(inside.recall))
    least = answered[np.argsort(inside.recall[answered], kind="stable")]
    least = least[inside.recall[least] < 1]
    told = f"{len(least)} of {len(answered)} searches missed neighbours"
    return _finding(figure, told, len(least), inside, least)


def late(figure: str, who: str, stream: Stream, limit: Ceiling, at: Inputs) -> Finding:
    """Name what put off a recovery, by the rule that it broke."""
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
    told = f"{who} still had {hindered.rule} {moment_s:.2f} s after the effect"
    return _finding(figure, told, len(hindered.at), stream, hindered.at)


def _finding(figure: str, told: str, count: int, stream: Stream, at: NDArray[np.int64]) -> Finding:
    op_ids = tuple(int(op) for op in stream.op_id[at[:NAMED]])
    return Finding(figure, told, count, op_ids=op_ids, t_ns=int(stream.intended_ns[at[0]]) if len(at) else None)


def flawed(check: str, who: str, at: Inputs, marked: NDArray[np.bool_]) -> tuple[Finding, ...]:
    """Name the marked answers by what is invalid in them, from the steady state on; nothing where there are none."""
    places = within(at, marked, (at.windows.begin_ns, at.windows.end_ns))
    if not len(places):
        return ()
    flaws = at.answers.flaws[places]
    kinds = [f"{n} with {told}" for flaw, told in _FLAWS.items() if (n := int((flaws & flaw > 0).sum()))]
    message = f"{len(places)} {who} succeeded with invalid content: {', '.join(kinds)}"
    return (Finding(check, message, len(places), op_ids=first_ids(at, places)),)


def within(at: Inputs, marked: NDArray[np.bool_], span: Span) -> NDArray[np.int64]:
    """Return where the marked answers are whose operations were due in a span of time."""
    first, last = np.searchsorted(at.answers.operations.intended_ns, span)
    places: NDArray[np.int64] = first + np.flatnonzero(marked[first:last])
    return places


def first_ids(at: Inputs, places: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the ids of the first operations of some places."""
    return tuple(int(op) for op in at.answers.operations.op_id[places[:NAMED]])
