"""The phases of a scenario as a thin strip under the axis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from harness.history import Event, EventKind
from harness.report import svg
from harness.report.chart import NARROWEST, AxisSpan

_CHARACTER = 6.0


@dataclass(frozen=True)
class Phase:
    """A phase on the shared axis, cut to it."""

    name: str
    begin_s: float
    end_s: float


def phases_of(events: Iterable[tuple[float, Event]], span: AxisSpan) -> list[Phase]:
    """Return the phases that lie on the axis, in order; one that never ended lasts to the axis's end."""
    begun: dict[str, float] = {}
    found: list[Phase] = []
    for t_s, event in events:
        if event.kind is EventKind.PHASE and event.what == "begin":
            begun[event.name] = t_s
        elif event.kind is EventKind.PHASE and event.what == "end" and event.name in begun:
            found.append(Phase(event.name, begun.pop(event.name), t_s))
    found += [Phase(name, begin_s, span.end_s) for name, begin_s in begun.items()]
    return sorted(_visible(found, span), key=lambda phase: phase.begin_s)


def _visible(found: Iterable[Phase], span: AxisSpan) -> Iterator[Phase]:
    for one in found:
        begin, end = max(one.begin_s, span.begin_s), min(one.end_s, span.end_s)
        if end > begin:
            yield Phase(one.name, begin, end)


def draw(found: Iterable[Phase], span: AxisSpan, top: float) -> tuple[Markup, float]:
    """Return the strip and its height in pixels; a phase too short for its name keeps it in its title."""
    parts = [part for number, one in enumerate(found) for part in _phase(one, span, top, odd=number % 2 == 1)]
    return svg.group(parts), 20.0 if parts else 0.0


def _phase(one: Phase, span: AxisSpan, top: float, *, odd: bool) -> Iterator[Markup]:
    left, right = span.share(one.begin_s), span.share(one.end_s)
    title = svg.element("title", f"{one.name}, {one.end_s - one.begin_s:.1f} s")
    box = {"x": svg.percent(left), "width": svg.percent(right - left), "y": f"{top:g}", "height": 16}
    yield svg.element("rect", title, class_="phase odd" if odd else "phase", **box)
    if (right - left) * NARROWEST > len(one.name) * _CHARACTER:
        x = svg.percent((left + right) / 2)
        yield svg.element("text", one.name, x=x, y=f"{top + 11.5:g}", class_="phase-name middle")
