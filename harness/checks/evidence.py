"""Searches that were answered, but not rightly: findings that show which, whatever a limit makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Answers
from harness.checks.content import Flaw
from harness.verdict import Finding

NAMED = 10
_TOLD = {
    Flaw.COUNT: "too few or too many hits",
    Flaw.REPEATED: "a key twice",
    Flaw.DISORDERED: "hits out of order",
    Flaw.NOT_LIVE: "keys that cannot be there",
}


def answer_findings(answers: Answers) -> tuple[Finding, ...]:
    """Return the answers with invalid content and those that lost recall; nothing where there are none.

    They are held to limits as bad seconds, availability and wrong seconds, so they do not decide by themselves.
    """
    flawed, wrong = np.flatnonzero(answers.flaws), np.flatnonzero(answers.wrong)
    found = []
    if len(flawed):
        kinds = [f"{n} with {told}" for flaw, told in _TOLD.items() if (n := int((answers.flaws & flaw > 0).sum()))]
        message = f"{len(flawed)} searches succeeded with invalid content: {', '.join(kinds)}"
        found.append(Finding("content", message, len(flawed), op_ids=_ids(answers, flawed)))
    if len(wrong):
        message = f"{len(wrong)} searches succeeded with less recall than the same query had in the steady state"
        found.append(Finding("recall", message, len(wrong), op_ids=_ids(answers, wrong)))
    return tuple(found)


def _ids(answers: Answers, at: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(op) for op in answers.operations.op_id[at[:NAMED]])
