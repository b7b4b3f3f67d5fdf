"""How many of the exact neighbours searches find. Source: docs/measuring.md: recall@k, wrong."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from harness.checks import recovery
from harness.checks.answers import Stream
from harness.checks.recall import mean_recall
from harness.slo import measures, proof
from harness.slo.clients import NOBODY
from harness.slo.evidence import Judge, Part, not_applicable
from harness.slo.figure import Column, Figure, Figures, Group, Limited, Measured, Over
from harness.slo.inputs import Inputs
from harness.verdict import Finding

FIGURES = (
    Figure(
        "wrong_s",
        "Seconds with more than 5% wrong answers",
        "s",
        Group.SERVICE,
        "the same bins as `bad_s`, with more than 5%* wrong answers",
        limited=Limited.SECONDS,
        check="recall",
        expected="a query keeps the recall that it had in the steady state, against what was acknowledged by then",
        column=Column("Wrong", "seconds with more than 5% wrong answers", 40),
    ),
    Figure(
        "recall",
        "Recall, steady state",
        "",
        Group.RECALL,
        "mean recall@k in the steady state",
        ">=",
        limited=Limited.SHARE,
        over=Over.STEADY,
    ),
    Figure(
        "recall_recovered",
        "Recall, recovered",
        "",
        Group.RECALL,
        "mean recall@k from recovery on; never recovered, of the last 30 s*",
        ">=",
        limited=Limited.SHARE,
        over=Over.RECOVERED,
        of_fault=True,
    ),
)


class Recall(Judge):
    """Of searches, before a fault, through it and once they had recovered."""

    figures = FIGURES

    def measure(self, at: Inputs) -> Part:
        """Return the mean recalls, and how many seconds answers were wrong."""
        if at.traffic.is_none:
            return not_applicable(self)
        found: Figures = {"wrong_s": _wrong(at), "recall": _recall(at, at.steady)}
        return Part(found if at.seen.effect_ns is None else {**found, "recall_recovered": _recovered(at)})

    def findings(self, at: Inputs) -> Iterator[Finding]:
        """Yield the wrong answers."""
        wrong = proof.within(at, at.answers.wrong, at.windows.judged)
        if len(wrong):
            message = f"{len(wrong)} searches succeeded with less recall than the same query had in the steady state"
            yield Finding("recall", message, len(wrong), op_ids=proof.first_ids(at, wrong))

    def proofs(self, at: Inputs, broken: Collection[str]) -> Iterator[Finding]:
        """Yield the searches that found least."""
        if "recall" in broken:
            yield proof.missed("recall", at.steady)
        if "recall_recovered" in broken:
            yield proof.missed("recall_recovered", measures.recovered(at, at.searches))


def _wrong(at: Inputs) -> Measured:
    wrong_s, bins = recovery.wrong_s(at.searches, *at.windows.judged, at.thresholds)
    # Without a steady state there is nothing to have become worse than.
    known = at.served.get("search", NOBODY).n and measures.answered(at.steady)
    return Measured(wrong_s if known else math.nan, bins)


def _recall(at: Inputs, stream: Stream) -> Measured:
    return Measured(mean_recall(stream.recall), measures.answered(stream), needed=at.thresholds.answers_min)


def _recovered(at: Inputs) -> Measured:
    """Return the recall from recovery on; never recovered, of the last window: answering nothing finds nothing."""
    inside = measures.recovered(at, at.searches)
    if at.seen.recovered_ns is not None:
        return _recall(at, inside)
    answered = measures.answered(inside)
    return Measured(mean_recall(inside.recall) if answered else 0.0, answered)
