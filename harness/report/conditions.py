"""What was the case, and from when to when, as rows of good and bad stretches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from harness.history import Event
from harness.report import svg, track
from harness.report.chart import AxisSpan

_GOOD = ("True", "Healthy", "open")

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


def stretches(told: Iterable[Timed], before: str, span: AxisSpan) -> Iterator[Condition]:
    """Merge equal neighbours, cut to the axis, and drop what lasted no time; `before` is what was the case at first."""
    now, found = Condition(-math.inf, math.inf, before), []
    for t_s, event in told:
        if event.what != now.word:
            found.append(replace(now, end_s=t_s))
            now = Condition(t_s, math.inf, event.what, ": ".join(filter(None, event.detail.values())))
    for one in (*found, now):
        begin, end = max(one.begin_s, span.begin_s), min(one.end_s, span.end_s)
        if end > begin:
            yield replace(one, begin_s=begin, end_s=end)


def draw(named: Mapping[str, Sequence[Condition]], span: AxisSpan, top: float) -> tuple[Markup, float]:
    """Return a row for each name, and their height in pixels."""
    rows = [_row(name, found, span, top + track.ROW * number) for number, (name, found) in enumerate(named.items())]
    return svg.group(rows), track.ROW * len(rows)


def _row(name: str, found: Sequence[Condition], span: AxisSpan, top: float) -> Markup:
    drawn = [track.strip(one.begin_s, one.end_s, one.style, _title(one), span, top=top) for one in found]
    said = [(one.begin_s, track.lasting(one.word, one.begin_s, one.end_s)) for one in found if one.style == "down"]
    return track.row(name, drawn, said, span, top)


def _title(one: Condition) -> str:
    lasted = track.lasting(f"{one.word or 'not told'} for", one.begin_s, one.end_s)
    return f"{lasted}: {one.why}" if one.why else lasted
