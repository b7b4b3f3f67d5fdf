"""What a kind of evidence shows of a scenario on its page: from the judgement and the history alone."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from harness.report.axis import Axis
from harness.report.chart import Chart
from harness.report.table import Table
from harness.report.view import ScenarioView
from harness.slo.evidence import kinds

NOTHING = Markup("")


class Section:
    """A kind of evidence overrides what it has something to show in; the page's frame puts it in its place."""

    def story(self, view: ScenarioView) -> str:
        """Return sentences that stand beside the story of the run."""
        del view
        return ""

    def tables(self, view: ScenarioView) -> Iterator[Table]:
        """Yield what stands below the figures, and in the summary of a scenario that did not pass."""
        del view
        yield from ()

    def charts(self, view: ScenarioView, axis: Axis) -> Iterator[Chart]:
        """Yield charts over time; called only where traffic was measured."""
        del view, axis
        yield from ()

    def lanes(self, view: ScenarioView, axis: Axis, top: float) -> tuple[Markup, float]:
        """Return rows below the charts, drawn from `top` on, and their height; both in pixels."""
        del view, axis, top
        return NOTHING, 0.0

    def about(self, view: ScenarioView) -> Iterator[tuple[str, str]]:
        """Yield name and value of what belongs to the machine and its tools."""
        del view
        yield from ()


def sections() -> tuple[Section, ...]:
    """Return what each kind of evidence shows, in order."""
    return tuple(made() for one in kinds() if (made := one.part("section")))
