"""What was told beside the members' lives, as rows: the resource's conditions, the orchestrator's events, the way in.

Nothing was told: nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from markupsafe import Markup

from harness.history import Event, EventKind
from harness.report import svg, track
from harness.report.chart import AxisSpan
from harness.report.text import offset_text

MOST_MARKS = 100  # an orchestrator can repeat itself without end; the table of events has all
_GOOD = ("True", "Healthy", "open")
_MARK_AT = track.STRIP_AT + track.STRIP / 2

Timed = tuple[float, Event]  # seconds on the shared axis


@dataclass(frozen=True)
class Condition:
    """What was told last, from `begin_s` until `end_s`; no word where nothing had been told."""

    begin_s: float
    end_s: float
    word: str
    why: str = ""

    @property
    def style(self) -> str:
        """The state of a member that has its colour."""
        return ("up" if self.word in _GOOD else "down") if self.word else "absent"


def draw(events: Iterable[Timed], span: AxisSpan, top: float) -> tuple[Markup, float]:
    """Return the rows and their height in pixels; events come in order of time."""
    told = list(events)
    named = [*conditions(told, span).items(), *way_in(told, span).items()]
    marks = [(t_s, e) for t_s, e in told if e.kind is EventKind.ORCHESTRATOR and span.begin_s <= t_s < span.end_s]
    rows = [_strips(name, found, span, top + track.ROW * number) for number, (name, found) in enumerate(named)]
    if marks:
        rows.append(_marks(marks, span, top + track.ROW * len(named)))
    return svg.group(rows), track.ROW * len(rows)


def conditions(told: Iterable[Timed], span: AxisSpan) -> dict[str, tuple[Condition, ...]]:
    """Return by name what changed on the axis."""
    by_name: dict[str, list[Timed]] = {}
    for t_s, event in told:
        if event.kind is EventKind.RESOURCE:
            by_name.setdefault(event.name, []).append((t_s, event))
    found = {name: tuple(_stretches(those, "", span)) for name, those in by_name.items()}
    return {name: stretches for name, stretches in found.items() if len(stretches) > 1}


def way_in(told: Iterable[Timed], span: AxisSpan) -> dict[str, tuple[Condition, ...]]:
    """Return how the way in fared; it was open before anything was told of it, or nothing could have been measured."""
    those = [(t_s, event) for t_s, event in told if event.kind is EventKind.WAY_IN]
    return {"way in": tuple(_stretches(those, "open", span))} if those else {}


def _stretches(told: Iterable[Timed], before: str, span: AxisSpan) -> Iterator[Condition]:
    """Merge equal neighbours, cut to the axis, and drop what lasted no time."""
    now, found = Condition(-math.inf, math.inf, before), []
    for t_s, event in told:
        if event.what != now.word:
            found.append(replace(now, end_s=t_s))
            now = Condition(t_s, math.inf, event.what, ": ".join(filter(None, event.detail.values())))
    for one in (*found, now):
        begin, end = max(one.begin_s, span.begin_s), min(one.end_s, span.end_s)
        if end > begin:
            yield replace(one, begin_s=begin, end_s=end)


def _strips(name: str, found: Sequence[Condition], span: AxisSpan, top: float) -> Markup:
    drawn = [track.strip(one.begin_s, one.end_s, one.style, _title(one), span, top=top) for one in found]
    said = [(one.begin_s, track.lasting(one.word, one.begin_s, one.end_s)) for one in found if one.style == "down"]
    return track.row(name, drawn, said, span, top)


def _title(one: Condition) -> str:
    lasted = track.lasting(f"{one.word or 'not told'} for", one.begin_s, one.end_s)
    return f"{lasted}: {one.why}" if one.why else lasted


def _marks(marks: Sequence[Timed], span: AxisSpan, top: float) -> Markup:
    shown = marks[:MOST_MARKS]
    name = "events" if len(shown) == len(marks) else f"events (the first {len(shown)} of {len(marks)})"
    said = [next(same) for _, same in groupby(((t_s, e.what) for t_s, e in shown), key=lambda one: one[1])]
    return track.row(name, [_mark(t_s, event, span, top) for t_s, event in shown], said, span, top)


def _mark(t_s: float, event: Event, span: AxisSpan, top: float) -> Markup:
    words = f"{offset_text(t_s)} {event.what} {event.name}: {event.detail.get('message', '')}".rstrip(": ")
    place = {"cx": svg.percent(span.share(t_s)), "cy": f"{top + _MARK_AT:g}", "r": 2.5}
    return svg.element("circle", svg.element("title", words), class_="moment-dot", **place)
