"""The time axis that everything of a scenario is drawn on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.history import NS_PER_S, Event
from harness.report.chart import AxisSpan
from harness.report.view import ScenarioView


@dataclass(frozen=True, eq=False)
class Axis:
    """The shared axis: 0 s is the fault's effect where there was one, else the beginning of the traffic or the run.

    `t_s` are the bins' beginnings, shape (bins,).
    """

    zero_ns: int
    t_s: NDArray[np.float64]
    span: AxisSpan
    zero: str

    def at(self, t_ns: int) -> float:
        """Return a time of the history's clock in seconds on this axis."""
        return (t_ns - self.zero_ns) / NS_PER_S

    def timed(self, view: ScenarioView) -> Iterator[tuple[float, Event]]:
        """Yield a scenario's events with their time on this axis."""
        yield from ((self.at(event.t_ns), event) for event in view.history.events)


def axis_of(view: ScenarioView) -> Axis | None:
    """Return the axis of a scenario: as long as its traffic, or as its events; None where nothing happened."""
    if view.timeline is not None and len(view.timeline.t_s):
        return _axis(view, view.timeline.origin_ns, view.timeline.t_s, "traffic")
    if not view.history.traffic.is_none or not view.history.events:
        return None
    begin_ns, end_ns = view.history.events[0].t_ns, view.history.events[-1].t_ns
    return _axis(view, begin_ns, np.arange(max(1, -(-(end_ns - begin_ns) // NS_PER_S)), dtype=np.float64), "run")


def _axis(view: ScenarioView, origin_ns: int, t_s: NDArray[np.float64], began: str) -> Axis:
    effect_ns = view.judgement.marks.effect_ns
    zero_ns = origin_ns if effect_ns is None else effect_ns
    t_s = t_s + (origin_ns - zero_ns) / NS_PER_S
    bin_s = float(t_s[1] - t_s[0]) if len(t_s) > 1 else 1.0
    span = AxisSpan(float(t_s[0]), float(t_s[-1]) + bin_s, bin_s)
    return Axis(zero_ns, t_s, span, f"the {began} began" if effect_ns is None else "the fault took effect")
