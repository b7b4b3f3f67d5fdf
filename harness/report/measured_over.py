"""The part of a run's time that a figure is measured over, as it is drawn."""

from __future__ import annotations

from harness.report.axis import Axis
from harness.report.view import ScenarioView
from harness.slo.figure import Over


def span_of(over: Over, view: ScenarioView, axis: Axis) -> tuple[float, float] | None:
    """Return the begin and end in seconds on the axis: recovered, if ever, or the steady state."""
    if over is Over.RECOVERED:
        recovered_ns = view.judgement.marks.recovered_ns
        return None if recovered_ns is None else (axis.at(recovered_ns), axis.span.end_s)
    steady = view.history.phase("steady")
    return (axis.at(steady[0]), axis.at(steady[1])) if steady else None
