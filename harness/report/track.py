"""A row under the charts: its name, what it says in colour, and the same in words where there is room for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

from harness.report import svg
from harness.report.chart import NAMES, NARROWEST, AxisSpan

ROW = 27.0  # pixels a row
STRIP = 7.0
STRIP_AT = 15.0  # pixels from a row's top
_WORDS_AT = 11.0
_CHARACTER = 6.2  # pixels


def row(name: str, drawn: Iterable[Markup], said: Iterable[tuple[float, str]], span: AxisSpan, top: float) -> Markup:
    """Return a row; `said` are words and the time they begin at, the most important first."""
    y = top + _WORDS_AT
    heading = svg.element("text", name, x=0, y=f"{y:g}", class_="lane-name halo")
    return svg.group([*drawn, heading, *_words(name, said, span, y)])


def strip(
    begin_s: float, end_s: float, style: str, title: str, span: AxisSpan, *, top: float, faint: bool = False
) -> Markup:
    """Return a stretch of time in the colour of a member's state."""
    left, right = span.share(begin_s), span.share(end_s)
    box = {"x": svg.percent(left), "width": svg.percent(right - left), "y": f"{top + STRIP_AT:g}", "height": STRIP}
    about = {"class_": f"state {style}", **box, "opacity": "0.5" if faint else None}
    return svg.element("rect", svg.element("title", title), **about)


def lasting(word: str, begin_s: float, end_s: float) -> str:
    """Return "down 6.3 s"."""
    return f"{word} {end_s - begin_s:.1f} s"


def _words(name: str, said: Iterable[tuple[float, str]], span: AxisSpan, y: float) -> Iterator[Markup]:
    """Leave out what would touch the name or other words on a phone."""
    taken = [(0.0, len(name) * _CHARACTER + 8)]
    for t_s, words in said:
        begin = span.share(t_s) * NARROWEST
        end = begin + len(words) * _CHARACTER + 6
        free = end <= NARROWEST + NAMES and all(end <= left or begin >= right for left, right in taken)
        if words and free:
            taken.append((begin, end))
            yield svg.element("text", words, x=svg.percent(span.share(t_s)), y=f"{y:g}", class_="lane-word halo")
