"""One chart of the stack: lines or bars over bins of time, limits where they apply, names at the lines' ends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from harness.report import svg
from harness.report.scale import AxisScale

NARROWEST = 254.0  # pixels the plot has on a phone 390 wide: words are placed so that they fit there
NAMES = 58.0  # pixels to the right of it, for the names of the series
HEADING = 24.0  # pixels above each plot, for its name
RAIL = 16.0  # pixels above a latency plot's scale, where what never came back is drawn
_RAIL_STEP = 4.0
_LABEL_GAP = 12.0
_LABEL_HEIGHT = 14.0
_LABEL_WIDTH = 66.0  # of "p99 \u2264 38 ms"
_LEAST_BAR = 2.0  # so that one error among thousands is still seen


@dataclass(frozen=True, eq=False)
class Series:
    """Values per bin, shape (bins,): NaN is a gap, inf what never came back. `style` is a class of the style sheet."""

    label: str
    style: str
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Limit:
    """A limit as a line over the part of the time, in seconds, in which it applies; its label above or below."""

    label: str
    value: float
    begin_s: float
    end_s: float
    above: bool = True


@dataclass(frozen=True, eq=False)
class Chart:
    """A plot `height` pixels high. `ticks` pair a value with its text; bars stack in the order given.

    `note` is the unit beside the title; `more` is left out on a phone.
    """

    title: str
    note: str
    more: str
    height: float
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    series: tuple[Series, ...]
    log: bool = False
    bars: bool = False
    limits: tuple[Limit, ...] = ()

    @property
    def endless(self) -> bool:
        """Whether anything never came back, so that the plot needs a rail for infinity."""
        return not self.bars and any(bool(np.isinf(one.values).any()) for one in self.series)

    @property
    def scale(self) -> AxisScale:
        """The vertical scale, in pixels below the plot's top."""
        return AxisScale(self.low, self.high, self.height, RAIL if self.endless else 2.0, self.log)


@dataclass(frozen=True)
class AxisSpan:
    """The shared x axis: seconds from `begin_s` to `end_s`, in bins of `bin_s`."""

    begin_s: float
    end_s: float
    bin_s: float

    def share(self, t_s: float) -> float:
        """Return where a time lies, from 0 at the left to 1 at the right."""
        return min(max((t_s - self.begin_s) / (self.end_s - self.begin_s), 0.0), 1.0)


def draw(chart: Chart, span: AxisSpan, t_s: NDArray[np.float64], top: float) -> Markup:
    """Return the chart with its name's baseline below `top`; `t_s` are the bins' beginnings, shape (bins,)."""
    plot = top + HEADING
    parts = [*_heading(chart, plot), *_grid(chart, plot), *_limits(chart, span, plot)]
    paths = bar_paths(chart.series, chart.scale, span, t_s) if chart.bars else _line_paths(chart, span, t_s)
    parts.append(svg.stretched(svg.group(paths), plot, chart.height))
    parts += [*_end_labels(chart, plot)]
    return svg.group(parts)


def _heading(chart: Chart, plot: float) -> Iterator[Markup]:
    note = svg.element("tspan", chart.note, class_="note", dx=8)
    more = svg.element("tspan", f" \u00b7 {chart.more}" if chart.more else "", class_="note more")
    yield svg.element("text", Markup("{}{}{}").format(chart.title, note, more), x=0, y=plot - 8, class_="title halo")


def _grid(chart: Chart, plot: float) -> Iterator[Markup]:
    ticks = [(plot + chart.scale.y(value), text) for value, text in chart.ticks]
    if chart.endless:
        ticks.append((plot + _RAIL_STEP, "\u221e"))
    for y, text in ticks:
        yield svg.element("line", x1="0%", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid")
        yield svg.element("text", text, x=-8, y=f"{y + 3.5:.1f}", class_="tick end")


def _limits(chart: Chart, span: AxisSpan, plot: float) -> Iterator[Markup]:
    labels: list[tuple[float, float]] = []
    for limit in chart.limits:
        if not chart.low <= limit.value <= chart.high:
            continue
        y = f"{plot + chart.scale.y(limit.value):.1f}"
        x1, x2 = span.share(limit.begin_s), span.share(limit.end_s)
        yield svg.element("line", x1=svg.percent(x1), x2=svg.percent(x2), y1=y, y2=y, class_="limit")
        at = float(y) + (-4 if limit.above else 12)
        # Two limits may lie closer than a label is high: then their labels stand side by side.
        beside = sum(x == x1 and abs(at - other) < _LABEL_HEIGHT for x, other in labels)
        labels.append((x1, at))
        dx = 4 + _LABEL_WIDTH * beside
        yield svg.element("text", limit.label, x=svg.percent(x1), dx=dx, y=f"{at:.1f}", class_="limit-name halo")


def _line_paths(chart: Chart, span: AxisSpan, t_s: NDArray[np.float64]) -> Iterator[Markup]:
    for number, one in enumerate(chart.series):
        rail = _RAIL_STEP * (len(chart.series) - 1 - number) + 2
        middles = [span.share(float(t) + span.bin_s / 2) for t in t_s]
        finite = svg.line(_runs(middles, one.values, chart.scale))
        yield svg.element("path", d=finite, class_=f"line {one.style}")
        if np.isinf(one.values).any():
            endless = svg.line(_endless(span, t_s, one.values, rail))
            yield svg.element("path", d=endless, class_=f"line rail {one.style}")


def _runs(xs: Sequence[float], values: NDArray[np.float64], scale: AxisScale) -> Iterator[list[svg.Point]]:
    """Yield the stretches of finite values, as points."""
    run: list[svg.Point] = []
    for x, value in zip(xs, values.tolist(), strict=True):
        if math.isfinite(value):
            run.append((x, scale.y(value)))
        elif run:
            yield run
            run = []
    yield run


def _endless(
    span: AxisSpan, t_s: NDArray[np.float64], values: NDArray[np.float64], y: float
) -> Iterator[list[svg.Point]]:
    for t, value in zip(t_s.tolist(), values.tolist(), strict=True):
        if value == math.inf:
            yield [(span.share(t), y), (span.share(t + span.bin_s), y)]


def bar_paths(series: Sequence[Series], scale: AxisScale, span: AxisSpan, t_s: NDArray[np.float64]) -> Iterator[Markup]:
    """Yield a path of bars a series, each on top of those before it."""
    floor = np.full(len(t_s), scale.bottom)
    for one in series:
        found: list[tuple[float, float, float, float]] = []
        for number in np.flatnonzero(np.nan_to_num(one.values) > 0).tolist():
            size = max(scale.bottom - scale.y(float(one.values[number])), _LEAST_BAR)
            top = max(float(floor[number]) - size, 0.0)
            t = float(t_s[number])
            found.append((span.share(t), span.share(t + span.bin_s), top, float(floor[number])))
            floor[number] = top
        yield svg.element("path", d=svg.bars(found), class_=f"bar {one.style}")


def _end_labels(chart: Chart, plot: float) -> Iterator[Markup]:
    """Name each series at its right end, moved apart where names would touch."""
    wanted = [(_last_y(one, chart, number), one) for number, one in enumerate(chart.series)]
    ys = spread([y for y, _ in wanted], _LABEL_GAP, 4.0, chart.height)
    for y, (_, one) in zip(ys, wanted, strict=True):
        swatch = svg.element("line", x1=4, x2=12, y1=0, y2=0, class_=f"key {one.style}")
        name = svg.element("text", one.label, x=16, y=3.5, class_="name")
        yield svg.element("svg", svg.group([swatch, name]), x="100%", y=f"{plot + y:.1f}", overflow="visible")


def _last_y(one: Series, chart: Chart, number: int) -> float:
    if chart.bars:
        return chart.height - number * _LABEL_GAP
    finite = one.values[np.isfinite(one.values)]
    return chart.scale.y(float(finite[-1])) if len(finite) else chart.height


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near those wanted, in their order, at least `gap` apart and inside [low, high] if they fit."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    placed: dict[int, float] = {}
    last = low - gap
    for number in order:
        placed[number] = last = max(wanted[number], last + gap)
    ceiling = high + gap
    for number in reversed(order):
        placed[number] = ceiling = min(placed[number], ceiling - gap)
    return [placed[number] for number in range(len(wanted))]
