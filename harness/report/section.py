"""What a kind of evidence shows of a scenario on its page: from the judgement and the history alone."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from harness.errors import in_words
from harness.report import svg
from harness.report.axis import Axis
from harness.report.chart import Chart
from harness.report.table import Table
from harness.report.view import ScenarioView
from harness.slo.evidence import kinds

NOTHING = Markup("")
_LINE = 20.0  # pixels a line of text


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


class _Whole(Section):
    """A section whose own defects cost nothing but itself: one line says what went wrong in its place."""

    def __init__(self, name: str, inner: Section) -> None:
        self._name, self._inner = name, inner
        self._lost: list[str] = []

    def story(self, view: ScenarioView) -> str:
        """Tell it, or say why not."""
        try:
            return self._inner.story(view)
        except Exception as error:  # noqa: BLE001 - somebody's package may do whatever it likes
            return self._instead(error)

    def tables(self, view: ScenarioView) -> Iterator[Table]:
        """Yield them, or a table that says why not."""
        try:
            yield from list(self._inner.tables(view))
        except Exception as error:  # noqa: BLE001 - as above
            yield Table(self._name, ("",), ((self._instead(error),),))

    def charts(self, view: ScenarioView, axis: Axis) -> Iterator[Chart]:
        """Yield them; what can't be is said below, among the lanes."""
        try:
            yield from list(self._inner.charts(view, axis))
        except Exception as error:  # noqa: BLE001 - as above
            self._lost.append(self._instead(error))

    def lanes(self, view: ScenarioView, axis: Axis, top: float) -> tuple[Markup, float]:
        """Draw them, and say what can't be drawn."""
        drawn, height = NOTHING, 0.0
        try:
            drawn, height = self._inner.lanes(view, axis, top)
        except Exception as error:  # noqa: BLE001 - as above
            self._lost.append(self._instead(error))
        places = [top + height + _LINE * (number + 0.6) for number in range(len(self._lost))]
        said = zip(self._lost, places, strict=True)
        lines = [svg.element("text", words, x=0, y=f"{y:g}", class_="note halo") for words, y in said]
        return svg.group([drawn, *lines]), height + _LINE * len(lines)

    def about(self, view: ScenarioView) -> Iterator[tuple[str, str]]:
        """Yield it, or why not."""
        try:
            yield from list(self._inner.about(view))
        except Exception as error:  # noqa: BLE001 - as above
            yield self._name, self._instead(error)

    def _instead(self, error: Exception) -> str:
        return f"{self._name} can't be drawn: {in_words(error)}"


def sections() -> tuple[Section, ...]:
    """Return what each kind of evidence shows, in order. Errors: BadInput where one can't be imported."""
    return tuple(_Whole(one.name, made()) for one in kinds() if (made := one.part("section")))
