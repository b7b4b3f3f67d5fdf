"""Whether it may have been the machine, and not Milvus, that broke a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.slo.clients import with_moments
from harness.slo.evidence import figures, judges
from harness.slo.figure import Blame, Figures, passed
from harness.slo.inputs import Inputs, inputs_of
from harness.slo.surroundings import LATE, lack_of
from harness.verdict import SloRow, Validity


def late_sending(at: Inputs, rows: Iterable[SloRow]) -> Iterator[Validity]:
    """Yield what the machine must have kept to, where all the limits that were broken are such as it can break.

    Wrong answers are no matter of time, so they count in any case. The other limits are asked again, with every
    operation timed from when it was sent: where all hold then, a sender that was late broke them. Where only limits on
    latency are left, a machine that was not calm may have. One without processor time to spare breaks all that is a
    matter of time. Violations of data excuse nothing, and nothing excuses them.
    """
    declared = {figure.name: figure for figure in figures()}
    broken = [row for row in rows if row.passed is False and not declared[row.figure].decides]
    if not broken or any(declared[row.figure].blame is Blame.NOTHING for row in broken):
        return
    # A member that is down in the end is no matter of time.
    down = at.windows.healed_ns is not None and at.windows.restored_ns is None
    if not down and (lack := lack_of(at)):
        yield lack
        return
    left = tuple(_left(broken, at))
    if not left:
        told = ", ".join(row.figure for row in broken)
        yield Validity(LATE, told, "none (the sender broke them, not Milvus)", ok=False)
    elif all(declared[row.figure].blame is Blame.MACHINE for row in left):
        excuses = (excuse for _, judge in judges() for excuse in judge.disturbances(at))
        yield from (excuse for excuse in excuses if excuse.ok or not down)


def _left(broken: Iterable[SloRow], at: Inputs) -> Iterator[SloRow]:
    """Yield the limits that are broken still by answers timed from when each was sent."""
    names = {row.figure for row in broken}
    excused = at.answers.punctual(at.traffic.deadline_ns)
    again = with_moments(inputs_of(at.history, excused, at.windows, at.held, at.thresholds, faulted=at.faulted))
    found: Figures = {}
    for _, judge in judges():
        if names & {figure.name for figure in judge.figures}:
            found = {**found, **judge.measure(again).figures}
    yield from (row for row in broken if not passed(row.relation, found[row.figure], row.limit))
