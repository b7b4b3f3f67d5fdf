"""The machine's own yardstick as rows: what it read before and after, and the steady state in multiples of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.checks.yardstick import WORDS, readings, slower
from harness.report.section import Section
from harness.report.text import figure_text, joined
from harness.report.view import ScenarioView

_STEADY = {"steady_p95_ms": "p95", "steady_p99_ms": "p99"}


class MachineSection(Section):
    """What the machine does by itself."""

    def about(self, view: ScenarioView) -> Iterator[tuple[str, str]]:
        """Yield name and value of each part of the yardstick; nothing where an older harness did not read it."""
        yield from yardstick_rows(view)


def yardstick_rows(view: ScenarioView) -> Iterator[tuple[str, str]]:
    """Yield each part, before and after, and the steady state in multiples of it."""
    read = readings(view.history)
    if not read:
        return
    for part, words in WORDS.items():
        yield f"yardstick: {words}", joined([figure_text(one[part], "ms") for one in read])
    values = {row.figure: row.value for row in view.judgement.slos if row.figure in _STEADY}
    for part in ("client", "search"):
        base = slower(view.history)[part]
        shown = [
            f"{_STEADY[figure]} {figure_text(value / base, 'x')}"
            for figure, value in values.items()
            if base > 0 and math.isfinite(value)
        ]
        if shown:
            yield f"steady state, in multiples of {WORDS[part]}", joined(shown)
