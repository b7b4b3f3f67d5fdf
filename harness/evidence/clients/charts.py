"""Latency, rate and errors over time, with the limits that apply to them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harness.checks.timeline import Timeline
from harness.evidence.clients.figures import FIGURES
from harness.report.axis import Axis
from harness.report.chart import Chart, Limit, Series
from harness.report.measured_over import span_of
from harness.report.scale import linear_ticks, log_ticks
from harness.report.text import figure_text
from harness.report.view import ScenarioView

Floats = NDArray[np.float64]
_LATENCY_PX, _RATE_PX, _ERRORS_PX = 136.0, 62.0, 62.0
_LOWEST_MS = 0.1


def charts_of(view: ScenarioView, axis: Axis) -> Iterator[Chart]:
    """Yield the charts from top to bottom."""
    yield from (_latency(view, axis), _rate(view), _errors(view))


def _latency(view: ScenarioView, axis: Axis) -> Chart:
    timeline = _timeline(view)
    series = (
        Series("p50", "c-green", timeline.p50_ms),
        Series("p95", "c-blue", timeline.p95_ms),
        Series("p99", "c-orange", timeline.p99_ms),
    )
    limits = tuple(_latency_limits(view, axis))
    ticks = log_ticks(*_extent([*(one.values for one in series), np.array([one.value for one in limits])]))
    return Chart(
        title="Latency",
        note="log scale",
        more="answered searches, from their intended start",
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


def _latency_limits(view: ScenarioView, axis: Axis) -> Iterator[Limit]:
    """Yield the absolute caps over the part of the run that each is measured in."""
    caps = {figure.name: figure for figure in FIGURES if figure.per_mille and figure.unit == "ms"}
    for row in (row for row in view.judgement.slos if row.figure in caps):
        figure = caps[row.figure]
        where = span_of(figure.over, view, axis)
        if where and row.limit is not None:
            name = f"p{figure.per_mille // 10} \u2264 {figure_text(row.limit, 'ms')}"
            yield Limit(name, row.limit, *where)


def _rate(view: ScenarioView) -> Chart:
    timeline = _timeline(view)
    ticks = linear_ticks(0.0, float(np.nanmax([timeline.offered_rate.max(), timeline.done_rate.max(), 1.0])), 2)
    series = (Series("offered", "c-ink dashed", timeline.offered_rate), Series("done", "c-blue", timeline.done_rate))
    return Chart(
        title="Rate",
        note="operations a second",
        more="",
        height=_RATE_PX,
        low=0.0,
        high=ticks[-1],
        ticks=tuple((tick, f"{tick:g}") for tick in ticks),
        series=series,
    )


def _errors(view: ScenarioView) -> Chart:
    timeline = _timeline(view)
    series = (Series("failed", "c-orange", timeline.error_rate), Series("wrong", "c-purple", timeline.wrong_rate))
    total = np.nan_to_num(timeline.error_rate) + np.nan_to_num(timeline.wrong_rate)
    ticks = linear_ticks(0.0, max(float(total.max()), 1.0), 2)
    return Chart(
        title="Errors",
        note="operations a second",
        more="failed or answered wrongly",
        height=_ERRORS_PX,
        low=0.0,
        high=ticks[-1],
        ticks=tuple((tick, f"{tick:g}") for tick in ticks),
        series=series,
        bars=True,
    )


def _timeline(view: ScenarioView) -> Timeline:
    if view.timeline is None:
        raise ValueError("there are no charts without a timeline")
    return view.timeline
