"""What was answered, but not rightly: findings that show which, whatever a limit makes of them.

Source: docs/measuring.md: good, recall@k, and the windows of their figures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import Answers
from harness.checks.content import Flaw, invalid
from harness.checks.windows import Span, Windows
from harness.history import Operations, Result
from harness.kind import Kind
from harness.verdict import Finding

NAMED = 10
_TOLD = {
    Flaw.COUNT: "too few or too many hits",
    Flaw.REPEATED: "a key twice",
    Flaw.DISORDERED: "hits out of order",
    Flaw.NOT_LIVE: "rows that cannot be there",
    Flaw.DAMAGED: "rows whose fields do not belong together",
}


def answer_findings(answers: Answers, windows: Windows) -> tuple[Finding, ...]:
    """Return the answers with invalid content, stale reads and those that lost recall; nothing where there are none.

    They are held to limits as figures, so they do not decide by themselves. Each is looked for where its figure is:
    invalid content from the steady state on, the others in the judged window.
    """
    flawed = _within(answers, invalid(answers.flaws), (windows.begin_ns, windows.end_ns))
    of_reads = answers.operations.kind[flawed] == Kind.READ
    stale = _within(answers, answers.flaws & Flaw.STALE > 0, windows.judged)
    wrong = _within(answers, answers.wrong, windows.judged)
    found = []
    for check, who, at in (("content", "searches", flawed[~of_reads]), ("rows", "Strong reads", flawed[of_reads])):
        if len(at):
            flaws = answers.flaws[at]
            kinds = [f"{n} with {told}" for flaw, told in _TOLD.items() if (n := int((flaws & flaw > 0).sum()))]
            message = f"{len(at)} {who} succeeded with invalid content: {', '.join(kinds)}"
            found.append(Finding(check, message, len(at), op_ids=_ids(answers, at)))
    if len(stale):
        message = f"{len(stale)} Strong reads missed a write that had been acknowledged when they were sent"
        found.append(Finding("freshness", message, len(stale), op_ids=_with_missed(answers.operations, stale)))
    if len(wrong):
        message = f"{len(wrong)} searches succeeded with less recall than the same query had in the steady state"
        found.append(Finding("recall", message, len(wrong), op_ids=_ids(answers, wrong)))
    return tuple(found)


def shown_ns(finding: Finding, operations: Operations) -> int | None:
    """Return when a finding showed; what is wrong with a row, when the first of them was last written.

    None where neither it nor an operation tells.
    """
    if finding.t_ns is not None:
        return finding.t_ns
    shown = operations.where(np.isin(operations.op_id, finding.op_ids))
    if finding.keys:
        key = finding.keys[0]
        shown = shown.where((shown.key <= key) & (key < shown.key + shown.key_count))
    moments = shown.intended_ns
    return int(moments.max() if finding.keys else moments.min()) if len(moments) else None


def _within(answers: Answers, marked: NDArray[np.bool_], span: Span) -> NDArray[np.int64]:
    """Return where the marked answers are whose operations were due in a span of time."""
    first, last = np.searchsorted(answers.operations.intended_ns, span)
    places: NDArray[np.int64] = first + np.flatnonzero(marked[first:last])
    return places


def _ids(answers: Answers, at: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(op) for op in answers.operations.op_id[at[:NAMED]])


def _with_missed(operations: Operations, at: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the first reads, each behind the write that it missed."""
    found = []
    for read in at[: NAMED // 2]:
        wrote = (operations.kind == Kind.UPSERT) & (operations.key == operations.key[read])
        acked = wrote & (operations.outcome == Result.OK) & (operations.done_ns < operations.sent_ns[read])
        last = np.flatnonzero(acked)[np.argmax(operations.sent_ns[acked])] if acked.any() else read
        found += [int(operations.op_id[last])] * bool(last != read) + [int(operations.op_id[read])]
    return tuple(found)
