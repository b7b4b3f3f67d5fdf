"""Whether it may have been the machine, and not Milvus, that broke a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.checks.answers import Answers
from harness.checks.machine import left_alone
from harness.checks.valid import punctual
from harness.history import History
from harness.slo.clients import clients, search_marks
from harness.slo.figures import DATA, LATENCY, PERCENTILES, SERVED
from harness.slo.measure import passed, served_figures
from harness.slo.scene import Scene, scene
from harness.verdict import SloRow, Validity


def blame(history: History, judged: Answers, at: Scene, rows: Iterable[SloRow]) -> Iterator[Validity]:
    """Yield what the machine must have kept to, where all the limits that were broken are such as it can break.

    Wrong answers are no matter of time, so they count in any case. Operations without a good answer do too, unless
    their limits hold once each is timed from when it was sent: then only a sender that stood still broke them.
    Violations of data excuse nothing, and nothing excuses them.
    """
    broken = {row.figure: row for row in rows if row.passed is False and row.figure not in DATA}
    served = [row for name, row in broken.items() if name in SERVED]
    if not broken or not broken.keys() <= {*LATENCY, *PERCENTILES, *SERVED}:
        return
    if served:
        excused = judged.punctual(history.traffic.deadline_ns)
        if not _hold(served, scene(excused, at.windows, at.limits, at.thresholds, at.traffic)):
            return
        late = int((excused.good & ~judged.good).sum())
        required = "0 (else the sender broke a limit, not Milvus)"
        yield Validity("Operations bad only for being sent late", f"{late}", required, ok=False)
    if len(broken) > len(served):
        yield punctual(history, at.windows, at.thresholds)
        yield left_alone(history, at.windows, at.thresholds)


def _hold(rows: Iterable[SloRow], at: Scene) -> bool:
    figures = served_figures(at, clients(at, search_marks(at)))
    return all(passed(row.relation, figures[row.figure], row.limit) for row in rows)
