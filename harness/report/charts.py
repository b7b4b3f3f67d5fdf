"""Which charts a scenario has: latency, rate, errors and recall, with the limits that apply to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from harness.checks.timeline import Timeline
from harness.report.chart import AxisSpan, Chart, Limit, Series
from harness.report.scale import linear_ticks, log_ticks
from harness.report.text import figure_text
from harness.report.view import ScenarioView

Floats = NDArray[np.float64]
At = Callable[[int], float]
_LATENCY_PX, _RATE_PX, _ERRORS_PX, _RECALL_PX = 136.0, 62.0, 62.0, 62.0
_LOWEST_MS = 0.1
# Which percentile of searches a figure is.
_OF_SEARCHES = {
    f"{when}_{percentile}_ms": percentile for when in ("steady", "recovered") for percentile in ("p95", "p99")
}


def charts_of(view: ScenarioView, span: AxisSpan, at: At) -> tuple[Chart, ...]:
    """Return the charts from top to bottom; `at` turns a time of the history into one on the axis."""
    charts = [_latency(view, span, at), _rate(view), _errors(view)]
    if np.isfinite(_timeline(view).recall).any():
        charts.append(_recall(view, span, at))
    return tuple(charts)


def _latency(view: ScenarioView, span: AxisSpan, at: At) -> Chart:
    timeline = _timeline(view)
    series = (
        Series("p50", "c-green", timeline.p50_ms),
        Series("p95", "c-blue", timeline.p95_ms),
        Series("p99", "c-orange", timeline.p99_ms),
    )
    limits = tuple(_latency_limits(view, span, at))
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


def _latency_limits(view: ScenarioView, span: AxisSpan, at: At) -> Iterator[Limit]:
    """Yield the absolute caps over the part of the run that each is measured in."""
    for row in view.judgement.slos:
        percentile = _OF_SEARCHES.get(row.figure)
        where = _where(row.figure, view, span, at)
        if percentile and where and row.limit is not None:
            yield Limit(f"{percentile} \u2264 {figure_text(row.limit, 'ms')}", row.limit, *where)


def _where(figure: str, view: ScenarioView, span: AxisSpan, at: At) -> tuple[float, float] | None:
    """Return the time in which a figure is measured: recovered, if ever, or the steady state."""
    if "recovered" in figure:
        recovered_ns = view.judgement.marks.recovered_ns
        return None if recovered_ns is None else (at(recovered_ns), span.end_s)
    steady = view.history.phase("steady")
    return (at(steady[0]), at(steady[1])) if steady else None


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


def _recall(view: ScenarioView, span: AxisSpan, at: At) -> Chart:
    recall = _timeline(view).recall
    limits = tuple(_recall_limits(view, span, at))
    lowest = min([float(np.nanmin(recall)), 0.8, *(one.value for one in limits)])
    ticks = linear_ticks(math.floor(lowest * 10 + 1e-9) / 10, 1.0, 2)
    return Chart(
        title="Recall",
        note="share of the exact neighbours",
        more="mean of answered searches",
        height=_RECALL_PX,
        low=ticks[0],
        high=1.0,
        ticks=tuple((tick, f"{tick:g}") for tick in ticks if tick <= 1.0),
        series=(Series("recall", "c-green", recall),),
        limits=limits,
    )


def _recall_limits(view: ScenarioView, span: AxisSpan, at: At) -> Iterator[Limit]:
    for row in view.judgement.slos:
        where = _where(row.figure, view, span, at)
        if row.figure.startswith("recall") and where and row.limit is not None:
            yield Limit(f"\u2265 {figure_text(row.limit, row.unit)}", row.limit, *where, above=False)


def _timeline(view: ScenarioView) -> Timeline:
    if view.timeline is None:
        raise ValueError("there are no charts without a timeline")
    return view.timeline
