"""Small pieces of SVG: elements with escaped attributes, and paths in short integer steps.

Horizontal positions are percentages, so that one drawing fits a phone and a desk alike while its text keeps its
size; paths live in a nested drawing of WIDTH x height units that stretches, with strokes that do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from markupsafe import Markup, escape

WIDTH = 10_000  # units across; below a tenth of a pixel on any screen
_FINE = 10  # vertical units a pixel

Point = tuple[float, float]  # share of the width from 0 to 1, and pixels down


def element(name: str, content: str | Markup = "", **attributes: object) -> Markup:
    """Return an element; `class_` is class, other underscores become dashes. Content is escaped unless Markup."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, escape(content))


def group(parts: Iterable[Markup]) -> Markup:
    """Return the parts one after another."""
    return Markup("").join(parts)


def percent(share: float) -> str:
    """Return a share of the width as an SVG length."""
    return f"{round(share * 100, 3):g}%"


def stretched(content: Markup, top: float, height: float) -> Markup:
    """Return a drawing that is as wide as its parent, whatever that is; its content are paths from this module."""
    box = f"0 0 {WIDTH} {round(height * _FINE)}"
    place = {"y": f"{top:g}", "width": "100%", "height": f"{height:g}"}
    return element("svg", content, viewBox=box, preserveAspectRatio="none", **place)


def line(runs: Iterable[list[Point]]) -> str:
    """Return the path through runs of points; between runs there is a gap. A lone point becomes a dot."""
    return "".join(_run(points) for points in runs if points)


def bars(tops: Iterable[tuple[float, float, float, float]]) -> str:
    """Return the path of bars (left, right as shares; top, bottom in pixels)."""
    return "".join(_bar(*bar) for bar in tops)


def _run(points: list[Point]) -> str:
    whole = [(round(x * WIDTH), round(y * _FINE)) for x, y in points]
    return f"M{whole[0][0]} {whole[0][1]}" + "".join(_steps(whole)) + ("h1" if len(whole) == 1 else "")


def _steps(whole: list[tuple[int, int]]) -> Iterator[str]:
    for (x0, y0), (x1, y1) in pairwise(whole):
        yield f"l{x1 - x0} {y1 - y0}"


def _bar(left: float, right: float, top: float, bottom: float) -> str:
    x0, x1, y0, y1 = round(left * WIDTH), round(right * WIDTH), round(top * _FINE), round(bottom * _FINE)
    return f"M{x0} {y1}V{y0}H{x1}V{y1}z"
