"""A scenario's timelines as one drawing: moments, charts, members and phases on a single x axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from harness.history import NS_PER_S, Event, EventKind
from harness.report import chart, lanes, moments, phases, surroundings, svg
from harness.report.chart import AxisSpan, Chart
from harness.report.charts import charts_of
from harness.report.moments import Moment
from harness.report.scale import linear_ticks
from harness.report.text import MINUS, THIN
from harness.report.view import ScenarioView

_GAP = 10.0  # pixels between charts


@dataclass(frozen=True, eq=False)
class Axis:
    """The shared axis: 0 s is the fault's effect where there was one, else the beginning of the traffic.

    `t_s` are the bins' beginnings, shape (bins,).
    """

    zero_ns: int
    t_s: NDArray[np.float64]
    span: AxisSpan
    has_effect: bool

    def at(self, t_ns: int) -> float:
        """Return a time of the history's clock in seconds on this axis."""
        return (t_ns - self.zero_ns) / NS_PER_S


def axis_of(view: ScenarioView) -> Axis | None:
    """Return the axis of a scenario; None where no traffic was measured."""
    timeline = view.timeline
    if timeline is None or not len(timeline.t_s):
        return None
    effect_ns = view.judgement.marks.effect_ns
    zero_ns = timeline.origin_ns if effect_ns is None else effect_ns
    t_s = timeline.t_s + (timeline.origin_ns - zero_ns) / NS_PER_S
    bin_s = float(t_s[1] - t_s[0]) if len(t_s) > 1 else 1.0
    span = AxisSpan(float(t_s[0]), float(t_s[-1]) + bin_s, bin_s)
    return Axis(zero_ns, t_s, span, effect_ns is not None)


def moments_of(view: ScenarioView, axis: Axis) -> tuple[Moment, ...]:
    """Return every fault's effect and healing, and what clients saw, in order of time."""
    marks = view.judgement.marks
    seen = (
        (marks.detect_ns, "first bad answer", "detect"),
        (marks.first_success_ns, "first good answer", "first"),
        (marks.recovered_ns, "recovered for good", "recovered"),
    )
    found = [Moment(axis.at(t_ns), name, style) for t_ns, name, style in seen if t_ns is not None]
    return tuple(sorted([*_fault_moments(view, axis), *found], key=lambda moment: moment.t_s))


def _fault_moments(view: ScenarioView, axis: Axis) -> Iterator[Moment]:
    """Yield each fault's effect; the healing only of a single one, since of several the shades say enough."""
    effects = list(view.history.of(EventKind.FAULT, what="effect"))
    for event in effects:
        yield Moment(axis.at(event.t_ns), event.name, "effect", "took effect")
    if len(effects) == 1:
        for event in view.history.of(EventKind.FAULT, what="healed"):
            yield Moment(axis.at(event.t_ns), "healed", "healed")


def fault_windows(view: ScenarioView) -> tuple[tuple[int, int | None], ...]:
    """Return [effect, healed) of each fault in ns; None where it was never seen healed."""
    open_since: dict[str, int] = {}
    found: list[tuple[int, int | None]] = []
    for event in view.history.of(EventKind.FAULT):
        if event.what == "effect":
            open_since.setdefault(event.action, event.t_ns)
        elif event.what == "healed" and event.action in open_since:
            found.append((open_since.pop(event.action), event.t_ns))
    return tuple(found + [(begin, None) for begin in open_since.values()])


def draw(view: ScenarioView, axis: Axis, label_id: str) -> Markup:
    """Return the whole drawing; `label_id` is the id of the text that describes it."""
    marks, charts = moments_of(view, axis), charts_of(view, axis.span, axis.at)
    top = moments.height(marks, axis.span) + 4
    parts, bottom = _charts(charts, axis, top)
    lane_parts, lane_height = lanes.draw(_lanes(view, axis), axis.span, bottom + _GAP)
    bottom += _GAP + lane_height
    told, told_height = surroundings.draw(_timed(view, axis), axis.span, bottom)
    bottom += told_height
    under = [windows(view, axis, top - 4, bottom), moments.draw_lines(marks, axis.span, bottom)]
    total = bottom + 36
    strip, strip_height = phases.draw(_phase_list(view, axis), axis.span, total)
    over = [moments.draw_names(marks, axis.span), _time_ticks(axis, bottom), strip]
    drawing = svg.group([*under, *parts, lane_parts, told, *over])
    about = {"class_": "stack", "role": "img", "aria_labelledby": label_id}
    return svg.element("svg", drawing, width="100%", height=f"{total + strip_height:g}", **about)


def _charts(charts: tuple[Chart, ...], axis: Axis, top: float) -> tuple[list[Markup], float]:
    parts: list[Markup] = []
    for one in charts:
        parts.append(chart.draw(one, axis.span, axis.t_s, top))
        top += chart.HEADING + one.height + _GAP
    return parts, top - _GAP


def windows(view: ScenarioView, axis: Axis, top: float, bottom: float) -> Markup:
    """Return the shades of all fault windows; one that was never seen healed lasts to the end."""
    found = []
    for begin_ns, end_ns in fault_windows(view):
        left = axis.span.share(axis.at(begin_ns))
        right = 1.0 if end_ns is None else axis.span.share(axis.at(end_ns))
        box = {"x": svg.percent(left), "width": svg.percent(right - left), "y": f"{top:g}"}
        found.append(svg.element("rect", class_="window", height=f"{bottom - top:g}", **box))
    return svg.group(found)


def _timed(view: ScenarioView, axis: Axis) -> list[tuple[float, Event]]:
    return [(axis.at(event.t_ns), event) for event in view.history.events]


def _lanes(view: ScenarioView, axis: Axis) -> tuple[lanes.Lane, ...]:
    return lanes.lanes(_timed(view, axis), view.record.versions, view.record.versions_after, axis.span)


def _phase_list(view: ScenarioView, axis: Axis) -> list[phases.Phase]:
    return phases.phases_of(_timed(view, axis), axis.span)


def _time_ticks(axis: Axis, top: float) -> Markup:
    span = axis.span
    ticks = [t for t in linear_ticks(span.begin_s, span.end_s, 10) if span.begin_s <= t <= span.end_s]
    parts = [svg.element("line", x1="0%", x2="100%", y1=f"{top:g}", y2=f"{top:g}", class_="axis")]
    for t in ticks:
        x = svg.percent(span.share(t))
        parts.append(svg.element("line", x1=x, x2=x, y1=f"{top:g}", y2=f"{top + 4:g}", class_="axis"))
        parts.append(svg.element("text", _tick_text(t), x=x, y=f"{top + 16:g}", class_="tick middle"))
    what = f"seconds since the {'fault took effect' if axis.has_effect else 'traffic began'}"
    parts.append(svg.element("text", what, x="50%", y=f"{top + 31:g}", class_="note middle"))
    return svg.group(parts)


def _tick_text(t: float) -> str:
    number = f"{abs(t):g}"
    return f"{MINUS if t < 0 else ''}{number}" + (f"{THIN}s" if t == 0 else "")
