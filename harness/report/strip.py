"""A scenario's course in one line of the head's table: bad operations over time, the faults shaded."""

from __future__ import annotations

from markupsafe import Markup

from harness.report import svg
from harness.report.axis import axis_of
from harness.report.chart import Series, bar_paths
from harness.report.scale import AxisScale
from harness.report.stack import windows
from harness.report.view import ScenarioView

_HEIGHT = 18.0


def strip(view: ScenarioView) -> Markup:
    """Return the drawing, 18 pixels high and as wide as its place; nothing where no traffic was measured."""
    axis = axis_of(view)
    if axis is None or view.timeline is None:
        return Markup("")
    span = axis.span
    line, scale = view.timeline, AxisScale(0.0, max(float(view.timeline.offered_rate.max()), 1.0), _HEIGHT, 0.0)
    series = (Series("failed", "c-orange", line.error_rate), Series("wrong", "c-purple", line.wrong_rate))
    bars = svg.stretched(svg.group(bar_paths(series, scale, span, axis.t_s)), 0, _HEIGHT)
    base = svg.element("line", x2="100%", y1=_HEIGHT, y2=_HEIGHT, class_="axis")
    content = svg.group([windows(view, axis, 0.0, _HEIGHT), bars, base])
    return svg.element("svg", content, class_="stack", width="100%", height=_HEIGHT, aria_hidden="true")
