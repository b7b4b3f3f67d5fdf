"""Recall over time, with the limits that apply to it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.evidence.recall.judge import FIGURES
from harness.report.axis import Axis
from harness.report.chart import Chart, Limit, Series
from harness.report.measured_over import span_of
from harness.report.scale import linear_ticks
from harness.report.section import Section
from harness.report.text import figure_text
from harness.report.view import ScenarioView

_HEIGHT = 62.0
_OVER = {figure.name: figure.over for figure in FIGURES if figure.relation == ">="}


class RecallSection(Section):
    """A chart of its own: answers can be in time and good, and still miss neighbours."""

    def charts(self, view: ScenarioView, axis: Axis) -> Iterator[Chart]:
        """Yield the chart, where any search was answered."""
        recall = view.timeline.recall if view.timeline else np.zeros(0)
        if not np.isfinite(recall).any():
            return
        limits = tuple(_limits(view, axis))
        lowest = min([float(np.nanmin(recall)), 0.8, *(one.value for one in limits)])
        ticks = linear_ticks(math.floor(lowest * 10 + 1e-9) / 10, 1.0, 2)
        yield Chart(
            title="Recall",
            note="share of the exact neighbours",
            more="mean of answered searches",
            height=_HEIGHT,
            low=ticks[0],
            high=1.0,
            ticks=tuple((tick, f"{tick:g}") for tick in ticks if tick <= 1.0),
            series=(Series("recall", "c-green", recall),),
            limits=limits,
        )


def _limits(view: ScenarioView, axis: Axis) -> Iterator[Limit]:
    for row in (row for row in view.judgement.slos if row.figure in _OVER):
        where = span_of(_OVER[row.figure], view, axis)
        if where and row.limit is not None:
            yield Limit(f"\u2265 {figure_text(row.limit, row.unit)}", row.limit, *where, above=False)
