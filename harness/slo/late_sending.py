"""Whether it may have been the machine, and not Milvus, that broke a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.checks.answers import Answers
from harness.checks.machine import lacking, left_alone
from harness.checks.valid import punctual
from harness.history import History
from harness.slo.clients import clients, search_marks
from harness.slo.figures import DATA, LATENCY, PERCENTILES, SERVED
from harness.slo.inputs import Inputs, inputs_of
from harness.slo.measure import passed, timed_figures
from harness.verdict import SloRow, Validity


def late_sending(history: History, judged: Answers, at: Inputs, rows: Iterable[SloRow]) -> Iterator[Validity]:
    """Yield what the machine must have kept to, where all the limits that were broken are such as it can break.

    Wrong answers are no matter of time, so they count in any case. The other limits are asked again, with every
    operation timed from when it was sent: where all hold then, a sender that was late broke them. Where only limits on
    latency are left, a machine that was not calm may have. One without processor time to spare breaks all that is a
    matter of time. Violations of data excuse nothing, and nothing excuses them.
    """
    broken = [row for row in rows if row.passed is False and row.figure not in DATA]
    if not broken or not {row.figure for row in broken} <= {*LATENCY, *PERCENTILES, *SERVED}:
        return
    # A member that is down in the end is no matter of time.
    down = at.windows.healed_ns is not None and at.windows.restored_ns is None
    if not down and (lack := lacking(history, at.windows, at.thresholds)):
        yield lack
        return
    left = tuple(_left(broken, judged.punctual(history.traffic.deadline_ns), at))
    if not left:
        told = ", ".join(row.figure for row in broken)
        yield Validity(
            "Limits that only late sending broke", told, "none (the sender broke them, not Milvus)", ok=False
        )
    elif not {row.figure for row in left} & {*SERVED}:
        excuses = (punctual(history, at.windows, at.thresholds), left_alone(history, at.windows, at.thresholds))
        yield from (excuse for excuse in excuses if excuse.ok or not down)


def _left(broken: Iterable[SloRow], excused: Answers, at: Inputs) -> Iterator[SloRow]:
    """Yield the limits that are broken still by other answers to the same operations."""
    again = inputs_of(excused, at.windows, at.held, at.thresholds, at.traffic)
    seen = search_marks(again)
    figures = timed_figures(again, clients(again, seen), seen)
    yield from (row for row in broken if not passed(row.relation, figures[row.figure], row.limit))
