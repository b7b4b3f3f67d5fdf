"""The moments of a fault, each named once above the charts, with a line down through all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import svg
from harness.report.chart import NAMES, NARROWEST, AxisSpan
from harness.report.text import offset_text

ROW = 16.0  # pixels a row of names
_CHARACTER = 6.2  # pixels


@dataclass(frozen=True)
class Moment:
    """A time on the shared axis, what it was, and the class that draws it: effect, healed, detect, first, recovered.

    `more` is said where there is room for it, so not on a phone.
    """

    t_s: float
    name: str
    style: str
    more: str = ""

    def extent(self, span: AxisSpan) -> tuple[float, float]:
        """Return where its text begins and ends on the narrowest screen, in pixels."""
        at, width = span.share(self.t_s) * NARROWEST, self._width
        return (at - width, at) if self.leans_left(span) else (at, at + width)

    def leans_left(self, span: AxisSpan) -> bool:
        """Whether its text stands left of its line, because there is no room on the right."""
        at = span.share(self.t_s) * NARROWEST
        return at + self._width > NARROWEST + NAMES and at > NARROWEST / 2

    @property
    def _width(self) -> float:
        return (len(f"{offset_text(self.t_s)} {self.name}") + 1) * _CHARACTER


def rows(moments: Sequence[Moment], span: AxisSpan) -> list[int]:
    """Return the row of each moment, which come in order of time: the first below all before it that it touches.

    A moment never goes above an earlier one that it touches, so that no line crosses a later name.
    """
    taken: list[tuple[float, int]] = []  # where a row's last name ends, by row
    found: list[int] = []
    for moment in moments:
        begin, end = moment.extent(span)
        row = max((number + 1 for edge, number in taken if edge + 6 > begin), default=0)
        taken.append((end, row))
        found.append(row)
    return found


def height(moments: Sequence[Moment], span: AxisSpan) -> float:
    """Return how many pixels the names need."""
    return ROW * (max(rows(moments, span), default=-1) + 1)


def draw_lines(moments: Sequence[Moment], span: AxisSpan, bottom: float) -> Markup:
    """Return the lines from each name down to `bottom`; they lie under the charts' own ink."""
    placed = zip(moments, rows(moments, span), strict=True)
    return svg.group(_line(moment, span, ROW * row, bottom) for moment, row in placed)


def draw_names(moments: Sequence[Moment], span: AxisSpan) -> Markup:
    """Return the names, from the drawing's top on."""
    placed = zip(moments, rows(moments, span), strict=True)
    return svg.group(part for moment, row in placed for part in _name(moment, span, ROW * row))


def _line(moment: Moment, span: AxisSpan, top: float, bottom: float) -> Markup:
    x = svg.percent(span.share(moment.t_s))
    return svg.element("line", x1=x, x2=x, y1=f"{top + 3:g}", y2=f"{bottom:g}", class_=f"moment {moment.style}")


def _name(moment: Moment, span: AxisSpan, top: float) -> Iterator[Markup]:
    left = moment.leans_left(span)
    when = svg.element("tspan", offset_text(moment.t_s), class_="when")
    more = svg.element("tspan", f" {moment.more}" if moment.more else "", class_="more")
    text = Markup("{} {}{}").format(when, moment.name, more)
    x, dx = svg.percent(span.share(moment.t_s)), -6 if left else 6
    anchor = "end" if left else "start"
    yield svg.element("circle", cx=x, cy=f"{top + 7:g}", r=2.5, class_=f"moment-dot {moment.style}")
    yield svg.element("text", text, x=x, dx=dx, y=f"{top + 11:g}", class_="moment-name halo", text_anchor=anchor)
