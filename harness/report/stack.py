"""A scenario's timelines as one drawing: moments, charts, members and phases on a single x axis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

from harness.history import EventKind
from harness.report import chart, moments, phases, svg
from harness.report.axis import Axis
from harness.report.chart import Chart
from harness.report.moments import Moment
from harness.report.scale import linear_ticks
from harness.report.section import Section
from harness.report.text import MINUS, THIN
from harness.report.view import ScenarioView

_GAP = 10.0  # pixels between charts


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


def draw(view: ScenarioView, axis: Axis, shown: Iterable[Section], label_id: str) -> Markup:
    """Return the whole drawing; `label_id` is the id of the text that describes it."""
    marks = moments_of(view, axis)
    top = moments.height(marks, axis.span) + 4
    charts = [chart for one in shown for chart in one.charts(view, axis)] if view.timeline is not None else []
    parts, bottom = _charts(charts, axis, top)
    bottom += _GAP
    for one in shown:
        drawn, height = one.lanes(view, axis, bottom)
        parts.append(drawn)
        bottom += height
    under = [windows(view, axis, top - 4, bottom), moments.draw_lines(marks, axis.span, bottom)]
    total = bottom + 36
    strip, strip_height = phases.draw(_phase_list(view, axis), axis.span, total)
    over = [moments.draw_names(marks, axis.span), _time_ticks(axis, bottom), strip]
    drawing = svg.group([*under, *parts, *over])
    about = {"class_": "stack", "role": "img", "aria_labelledby": label_id}
    return svg.element("svg", drawing, width="100%", height=f"{total + strip_height:g}", **about)


def _charts(charts: Iterable[Chart], axis: Axis, top: float) -> tuple[list[Markup], float]:
    parts: list[Markup] = []
    for one in charts:
        parts.append(chart.draw(one, axis.span, axis.t_s, top))
        top += chart.HEADING + one.height + _GAP
    return parts, top - _GAP if parts else top


def windows(view: ScenarioView, axis: Axis, top: float, bottom: float) -> Markup:
    """Return the shades of all fault windows; one that was never seen healed lasts to the end."""
    found = []
    for begin_ns, end_ns in fault_windows(view):
        left = axis.span.share(axis.at(begin_ns))
        right = 1.0 if end_ns is None else axis.span.share(axis.at(end_ns))
        box = {"x": svg.percent(left), "width": svg.percent(right - left), "y": f"{top:g}"}
        found.append(svg.element("rect", class_="window", height=f"{bottom - top:g}", **box))
    return svg.group(found)


def _phase_list(view: ScenarioView, axis: Axis) -> list[phases.Phase]:
    return phases.phases_of(axis.timed(view), axis.span)


def _time_ticks(axis: Axis, top: float) -> Markup:
    span = axis.span
    ticks = [t for t in linear_ticks(span.begin_s, span.end_s, 10) if span.begin_s <= t <= span.end_s]
    parts = [svg.element("line", x1="0%", x2="100%", y1=f"{top:g}", y2=f"{top:g}", class_="axis")]
    for t in ticks:
        x = svg.percent(span.share(t))
        parts.append(svg.element("line", x1=x, x2=x, y1=f"{top:g}", y2=f"{top + 4:g}", class_="axis"))
        parts.append(svg.element("text", _tick_text(t), x=x, y=f"{top + 16:g}", class_="tick middle"))
    what = f"seconds since {axis.zero}"
    parts.append(svg.element("text", what, x="50%", y=f"{top + 31:g}", class_="note middle"))
    return svg.group(parts)


def _tick_text(t: float) -> str:
    number = f"{abs(t):g}"
    return f"{MINUS if t < 0 else ''}{number}" + (f"{THIN}s" if t == 0 else "")
