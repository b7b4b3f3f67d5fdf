"""Every operation judged on its own: content, good or bad, corrected latency, recall."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.checks.content import content_flaws, read_flaws
from harness.checks.keys import key_times, lives, written
from harness.checks.latency import corrected_ns
from harness.checks.recall import own_recall, recall_at_k, wrong_answers
from harness.checks.thresholds import Thresholds
from harness.checks.versions import versions_of
from harness.history import History, Operations, Result
from harness.kind import Kind


@dataclass(frozen=True, eq=False)
class Answers:
    """The operations in order of intended start, and what each is worth; arrays of shape (n,).

    `flaws` (content.Flaw) are of answered searches and reads, `recall` (NaN elsewhere) of answered searches; `wrong`
    marks those that lost recall against their own query's steady state.
    """

    operations: Operations
    flaws: NDArray[np.uint8]
    good: NDArray[np.bool_]
    latency_ns: NDArray[np.int64]
    recall: NDArray[np.float64]
    wrong: NDArray[np.bool_]

    def punctual(self, deadline_ns: int) -> Answers:
        """What they would be worth to a client whose clock started as each was sent, not as it was due."""
        asked = replace(self.operations, intended_ns=self.operations.sent_ns)
        good = _good(asked, self.flaws, deadline_ns)
        return replace(self, good=good, latency_ns=corrected_ns(asked, good))

    def stream(self, *kinds: Kind) -> Stream:
        """Keep the operations of these kinds, without their hits."""
        at = np.flatnonzero(np.isin(self.operations.kind, kinds))
        return Stream(
            op_id=self.operations.op_id[at],
            intended_ns=self.operations.intended_ns[at],
            flaws=self.flaws[at],
            good=self.good[at],
            latency_ns=self.latency_ns[at],
            recall=self.recall[at],
            wrong=self.wrong[at],
        )


@dataclass(frozen=True, eq=False)
class Stream:
    """Scheduled operations of some kinds, intended_ns ascending; arrays of shape (n,)."""

    op_id: NDArray[np.int64]
    intended_ns: NDArray[np.int64]
    flaws: NDArray[np.uint8]
    good: NDArray[np.bool_]
    latency_ns: NDArray[np.int64]
    recall: NDArray[np.float64]
    wrong: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.intended_ns)

    def between(self, begin_ns: int, end_ns: int) -> Stream:
        """Keep those whose intended start lies in [begin_ns, end_ns)."""
        first, last = np.searchsorted(self.intended_ns, (begin_ns, max(begin_ns, end_ns)))
        return Stream(*(getattr(self, name)[first:last] for name in self.__dataclass_fields__))


def ordered(operations: Operations) -> Operations:
    """Return the operations by intended start, then id, so that a file's row order means nothing."""
    later, same = np.diff(operations.intended_ns), np.diff(operations.op_id)
    if np.all((later > 0) | ((later == 0) & (same > 0))):
        return operations
    order = np.lexsort((operations.op_id, operations.intended_ns))
    return Operations(*(getattr(operations, name)[order] for name in operations.__dataclass_fields__))


def answers(history: History, thresholds: Thresholds) -> Answers:
    """Judge every operation.

    good = ok, within the deadline and with valid content (docs/measuring.md). The deadline runs from the intended
    start: an answer that waited in a queue is late for whoever asked.
    """
    operations = ordered(history.operations)
    live = lives(key_times(operations, history.truth.rows), thresholds.staleness_ns)
    flaws = content_flaws(operations, live, rows=history.truth.rows, k=history.traffic.k)
    flaws |= read_flaws(operations, versions_of(written(operations)))
    good = _good(operations, flaws, history.traffic.deadline_ns)
    recall = recall_at_k(operations, history.truth, live, tolerance=thresholds.recall_tolerance)
    own = _steady_recall(history, operations, recall)
    wrong = wrong_answers(operations.query, recall, own, drop=thresholds.wrong_recall_drop)
    return Answers(operations, flaws, good, corrected_ns(operations, good), recall, wrong)


def _good(operations: Operations, flaws: NDArray[np.uint8], deadline_ns: int) -> NDArray[np.bool_]:
    in_time = operations.done_ns - operations.intended_ns <= deadline_ns
    good: NDArray[np.bool_] = (operations.outcome == Result.OK) & in_time & (flaws == 0)
    return good


def _steady_recall(history: History, operations: Operations, recall: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each query's own recall in the steady phase, NaN where there was none; shape (q,)."""
    begin_ns, end_ns = history.phase("steady") or (0, 0)
    steady = (operations.intended_ns >= begin_ns) & (operations.intended_ns < end_ns)
    return own_recall(operations.query[steady], recall[steady], len(history.truth.base_ids))
