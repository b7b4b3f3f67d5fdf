"""When the way in was broken, as a row, and what of the bad seconds it may account for."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from harness.evidence.way_in.broken import WayIn, way_in
from harness.history import EventKind
from harness.report import conditions
from harness.report.axis import Axis
from harness.report.chart import AxisSpan
from harness.report.conditions import Timed
from harness.report.section import Section
from harness.report.text import figure_text
from harness.report.view import ScenarioView


class WayInSection(Section):
    """Nothing was told of it: nothing is shown."""

    def story(self, view: ScenarioView) -> str:
        """Return what of the bad seconds the way in may account for."""
        return way_in_story(way_in(view.history, view.thresholds, view.answers))

    def lanes(self, view: ScenarioView, axis: Axis, top: float) -> tuple[Markup, float]:
        """Return how it fared; it was open before anything was told of it, or nothing could have been measured."""
        return lanes(axis.timed(view), axis.span, top)


def lanes(events: Iterable[Timed], span: AxisSpan, top: float) -> tuple[Markup, float]:
    """Return the row and its height in pixels; events come in order of time."""
    told = [(t_s, event) for t_s, event in events if event.kind is EventKind.WAY_IN]
    found = {"way in": tuple(conditions.stretches(told, "open", span))} if told else {}
    return conditions.draw(found, span, top)


def way_in_story(found: WayIn | None) -> str:
    """Return what of the bad seconds the way in may account for; nothing where nothing was told of it."""
    if found is None:
        return ""
    if not found.broken_s:
        return f"The way in ({found.name}) was never broken."
    broken = f"The way in ({found.name}) was broken for {figure_text(found.broken_s, 's')}"
    if found.bad <= 1:
        which = "the only bad second" if found.bad else "no bad second"
        return f"{broken}: {which} {'overlaps' if found.overlapping == found.bad else 'does not overlap'} it."
    verb = "overlaps" if found.overlapping == 1 else "overlap"
    return f"{broken}: {found.overlapping or 'none'} of the {found.bad} bad seconds {verb} it."
