"""Which charts a scenario has: latency, rate, errors and recall, with the limits that apply to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from harness.report.chart import Chart, Limit, Series, Span
from harness.report.scale import linear_ticks, log_ticks
from harness.report.text import INFINITE, figure_text
from harness.report.view import ScenarioView

Floats = NDArray[np.float64]
At = Callable[[int], float]
_LATENCY_PX, _RATE_PX, _ERRORS_PX, _RECALL_PX = 136.0, 62.0, 62.0, 62.0
_LOWEST_MS = 0.1


def charts_of(view: ScenarioView, t_s: Floats, span: Span, at: At) -> tuple[Chart, ...]:
    """Return the charts from top to bottom; `at` turns a time of the history into one on the axis."""
    assert view.timeline is not None, "there is no axis without a timeline"  # noqa: S101 - held by axis_of
    charts = [_latency(view, span, at), _rate(view), _errors(view)]
    if np.isfinite(view.timeline.recall).any():
        charts.append(_recall(view, span, at))
    return tuple(charts)


def _latency(view: ScenarioView, span: Span, at: At) -> Chart:
    timeline = view.timeline
    series = (
        Series("p50", "c-green", timeline.p50_ms),
        Series("p95", "c-blue", timeline.p95_ms),
        Series("p99", "c-orange", timeline.p99_ms),
    )
    limits = tuple(_latency_limits(view, span, at))
    ticks = log_ticks(*_extent([*(one.values for one in series), np.array([one.value for one in limits])]))
    return Chart(
        title="Latency",
        note="from the intended start, log scale",
        height=_LATENCY_PX,
        low=ticks[0],
        high=ticks[-1],
        ticks=tuple((tick, _ms_text(tick)) for tick in ticks),
        series=series,
        log=True,
        limits=limits,
    )


def _extent(values: list[Floats]) -> tuple[float, float]:
    """Return the least and greatest finite value, 1 to 100 ms where there is none."""
    finite = np.concatenate([one[np.isfinite(one)] for one in values])
    if not len(finite):
        return 1.0, 100.0
    return max(float(finite.min()), _LOWEST_MS), max(float(finite.max()), _LOWEST_MS)


def _ms_text(value: float) -> str:
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def _latency_limits(view: ScenarioView, span: Span, at: At) -> Iterator[Limit]:
    """Yield the absolute caps over the part of the run that each is measured in."""
    for row in view.judgement.slos:
        percentile = next((p for p in ("p95", "p99") if row.figure.startswith(p)), None)
        if percentile and row.unit == "ms" and row.limit is not None and math.isfinite(row.limit):
            begin_s, end_s = _where(row.figure, view, span, at)
            yield Limit(f"limit {percentile} {figure_text(row.limit, 'ms')}", row.limit, begin_s, end_s)


def _where(figure: str, view: ScenarioView, span: Span, at: At) -> tuple[float, float]:
    """Return the time in which a figure is measured: the steady state, after recovery, or all of it."""
    steady = view.history.phase("steady")
    marks = view.judgement.marks
    if "steady" in figure and steady:
        return at(steady[0]), at(steady[1])
    if "recovered" in figure or "after" in figure:
        begin_ns = marks.recovered_ns if marks.recovered_ns is not None else marks.healed_ns
        return (span.begin_s if begin_ns is None else at(begin_ns)), span.end_s
    return span.begin_s, span.end_s


def _rate(view: ScenarioView) -> Chart:
    timeline = view.timeline
    ticks = linear_ticks(0.0, float(np.nanmax([timeline.offered_rate.max(), timeline.done_rate.max(), 1.0])), 2)
    series = (Series("offered", "c-ink dashed", timeline.offered_rate), Series("done", "c-blue", timeline.done_rate))
    return Chart(
        title="Rate",
        note="operations a second",
        height=_RATE_PX,
        low=0.0,
        high=ticks[-1],
        ticks=tuple((tick, f"{tick:g}") for tick in ticks),
        series=series,
    )


def _errors(view: ScenarioView) -> Chart:
    timeline = view.timeline
    series = (Series("failed", "c-orange", timeline.error_rate), Series("wrong", "c-purple", timeline.wrong_rate))
    total = np.nan_to_num(timeline.error_rate) + np.nan_to_num(timeline.wrong_rate)
    ticks = linear_ticks(0.0, max(float(total.max()), 1.0), 2)
    return Chart(
        title="Errors",
        note="bad operations a second",
        height=_ERRORS_PX,
        low=0.0,
        high=ticks[-1],
        ticks=tuple((tick, f"{tick:g}") for tick in ticks),
        series=series,
        bars=True,
    )


def _recall(view: ScenarioView, span: Span, at: At) -> Chart:
    recall = view.timeline.recall
    low = min(math.floor(float(np.nanmin(recall)) * 10 - 1e-9) / 10, 0.8)
    rows = [row for row in view.judgement.slos if row.figure.startswith("recall") and row.relation == ">="]
    limits = tuple(
        Limit(f"limit {figure_text(row.limit, '')}", row.limit, *_where(row.figure, view, span, at))
        for row in rows
        if row.limit is not None
    )
    ticks = linear_ticks(low, 1.0, 2)
    return Chart(
        title="Recall",
        note="of the exact nearest neighbours",
        height=_RECALL_PX,
        low=ticks[0],
        high=1.0,
        ticks=tuple((tick, f"{tick:g}") for tick in ticks if tick <= 1.0),
        series=(Series("recall", "c-green", recall),),
        limits=limits,
    )


def value_text(value: float, unit: str) -> str:
    """Return a bin's value for the table and the cursor: a dash where nothing was measured."""
    return INFINITE if math.isinf(value) else figure_text(value, unit)
