"""How well Strong reads find what was written last, and how long they take for it.

Source: docs/measuring.md, the definition of each figure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Stream
from harness.checks.content import Flaw, invalid
from harness.checks.recovery import Ceiling
from harness.history import Operations, Result
from harness.kind import Kind
from harness.slo import measures, proof
from harness.slo.evidence import Judge, Part, not_applicable
from harness.slo.figure import Blame, Figure, Figures, Group, Measured, Over, recovery_figure
from harness.slo.inputs import Inputs
from harness.verdict import Finding

FIGURES = (
    recovery_figure(
        "fresh_recover_s",
        "Until reads saw the newest write for good",
        Group.FRESHNESS,
        "until Strong reads by key that look for the newest upsert answer with it in time for good",
    ),
    Figure(
        "fresh_p95_ms",
        "Until a Strong read answers p95, steady state",
        "ms",
        Group.FRESHNESS,
        "how long Strong reads by key take in the steady state",
        over=Over.STEADY,
        blame=Blame.MACHINE,
        per_mille=950,
    ),
    Figure(
        "stale_reads",
        "Strong reads that missed an acknowledged write",
        "reads",
        Group.FRESHNESS,
        "Strong reads by key, from the effect on, that answered with less than was acknowledged when they were sent",
        check="freshness",
        expected="a Strong read answers with what was acknowledged before it was sent, or with something newer",
    ),
    Figure(
        "invalid_reads",
        "Strong reads that found another row, or a damaged one",
        "reads",
        Group.FRESHNESS,
        "Strong reads by key that succeeded with invalid content (not: with a stale row), from the steady state's "
        "begin on; each is bad as well",
        check="rows",
    ),
)


class Freshness(Judge):
    """What Strong reads by key found."""

    figures = FIGURES

    def measure(self, at: Inputs) -> Part:
        """Return what reads missed and how long they took; where a fault took effect, until when."""
        if at.traffic.is_none:
            return not_applicable(self)
        inside = at.reads.between(*at.windows.judged)
        stale = int((inside.flaws & Flaw.STALE > 0).sum())
        n = len(inside) if inside.good.any() or inside.flaws.any() else 0  # that nobody answered them shows nothing
        found: Figures = {
            "fresh_p95_ms": measures.percentile(_steady(at), 950, at.thresholds),
            # Few are too few to show that none is stale, but one that is shows itself.
            "stale_reads": Measured(
                float(stale) if len(inside) else math.nan, n, needed=0 if stale else at.thresholds.answers_min
            ),
            "invalid_reads": measures.invalid_answers(at, at.reads),
        }
        offered = measures.offered(at, (Kind.READ,))
        found = {name: replace(measured, applies=offered) for name, measured in found.items()}
        if at.seen.effect_ns is not None:
            found = {**found, "fresh_recover_s": measures.recovery(at, "read", "fresh_recover_s", (Kind.READ,))}
        return Part(found)

    def findings(self, at: Inputs) -> Iterator[Finding]:
        """Yield the reads with invalid content, and those that missed a write, each behind it."""
        reads = at.answers.operations.kind == Kind.READ
        yield from proof.flawed("rows", "Strong reads", at, invalid(at.answers.flaws) & reads)
        stale = proof.within(at, at.answers.flaws & Flaw.STALE > 0, at.windows.judged)
        if len(stale):
            message = f"{len(stale)} Strong reads missed a write that had been acknowledged when they were sent"
            yield Finding("freshness", message, len(stale), op_ids=_with_missed(at.answers.operations, stale))

    def proofs(self, at: Inputs, broken: Collection[str]) -> Iterator[Finding]:
        """Yield the slowest reads, and those that put off their recovery."""
        if "fresh_p95_ms" in broken:
            yield proof.slow("fresh_p95_ms", "Strong reads", _steady(at), 950)
        if "fresh_recover_s" in broken:
            yield proof.late("fresh_recover_s", "Strong reads", at.reads, Ceiling(), at)


def _steady(at: Inputs) -> Stream:
    return at.reads.between(*(at.windows.steady or (0, 0)))


def _with_missed(operations: Operations, at: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the first reads, each behind the write that it missed."""
    found = []
    for read in at[: proof.NAMED // 2]:
        wrote = (operations.kind == Kind.UPSERT) & (operations.key == operations.key[read])
        acked = wrote & (operations.outcome == Result.OK) & (operations.done_ns < operations.sent_ns[read])
        last = np.flatnonzero(acked)[np.argmax(operations.sent_ns[acked])] if acked.any() else read
        found += [int(operations.op_id[last])] * bool(last != read) + [int(operations.op_id[read])]
    return tuple(found)
