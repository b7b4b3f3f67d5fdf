"""What the orchestrator told, as rows: the resource's conditions, and its events.

Nothing was told: nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

from harness.history import Event, EventKind
from harness.report import conditions, svg, track
from harness.report.axis import Axis
from harness.report.chart import AxisSpan
from harness.report.conditions import Condition, Timed
from harness.report.section import Section
from harness.report.text import offset_text
from harness.report.view import ScenarioView

MOST_MARKS = 100  # an orchestrator can repeat itself without end; the table of events has all
_MARK_AT = track.STRIP_AT + track.STRIP / 2


class OrchestratorSection(Section):
    """Conditions of Milvus's own resource, and what Kubernetes told of pods and the like."""

    def lanes(self, view: ScenarioView, axis: Axis, top: float) -> tuple[Markup, float]:
        """Return a row for each condition that changed, and one of marks for the events."""
        return draw(axis.timed(view), axis.span, top)


def draw(events: Iterable[Timed], span: AxisSpan, top: float) -> tuple[Markup, float]:
    """Return the rows and their height in pixels; events come in order of time."""
    told = list(events)
    rows, height = conditions.draw(changed(told, span), span, top)
    marks = [(t_s, e) for t_s, e in told if e.kind is EventKind.ORCHESTRATOR and span.begin_s <= t_s < span.end_s]
    return (svg.group([rows, _marks(marks, span, top + height)]), height + track.ROW) if marks else (rows, height)


def changed(told: Iterable[Timed], span: AxisSpan) -> dict[str, tuple[Condition, ...]]:
    """Return by name what changed on the axis."""
    by_name: dict[str, list[Timed]] = {}
    for t_s, event in told:
        if event.kind is EventKind.RESOURCE:
            by_name.setdefault(event.name, []).append((t_s, event))
    found = {name: tuple(conditions.stretches(those, "", span)) for name, those in by_name.items()}
    return {name: those for name, those in found.items() if len(those) > 1}


def _marks(marks: Sequence[Timed], span: AxisSpan, top: float) -> Markup:
    shown = marks[:MOST_MARKS]
    name = "events" if len(shown) == len(marks) else f"events (the first {len(shown)} of {len(marks)})"
    said = [next(same) for _, same in groupby(((t_s, e.what) for t_s, e in shown), key=lambda one: one[1])]
    return track.row(name, [_mark(t_s, event, span, top) for t_s, event in shown], said, span, top)


def _mark(t_s: float, event: Event, span: AxisSpan, top: float) -> Markup:
    words = f"{offset_text(t_s)} {event.what} {event.name}: {event.detail.get('message', '')}".rstrip(": ")
    place = {"cx": svg.percent(span.share(t_s)), "cy": f"{top + _MARK_AT:g}", "r": 2.5}
    return svg.element("circle", svg.element("title", words), class_="moment-dot", **place)
