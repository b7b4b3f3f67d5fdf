"""What a page is made from: a run and its scenarios, judged and laid out in time; nothing is computed while drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.checks.timeline import Timeline
from harness.checks.way_in import WayIn
from harness.history import History
from harness.store.record import ScenarioRecord
from harness.store.run_record import RunRecord, RunVerdict
from harness.verdict import Judgement


@dataclass(frozen=True, eq=False)
class ScenarioView:
    """A scenario as its panel shows it.

    `folder` is relative to the page, with forward slashes; `files` are names in it. `timeline` is None where
    traffic never began, `way_in` where nothing was told of it.
    """

    record: ScenarioRecord
    judgement: Judgement
    history: History
    timeline: Timeline | None
    folder: str
    files: tuple[str, ...] = ()
    way_in: WayIn | None = None


@dataclass(frozen=True, eq=False)
class RunView:
    """A run as its page shows it; `panels` by the folder of their scenario, for those that have evidence."""

    record: RunRecord
    verdict: RunVerdict
    panels: Mapping[str, ScenarioView] = field(default_factory=dict)
