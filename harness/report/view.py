"""What a page is made from: a run and its scenarios, judged and laid out in time; nothing is computed while drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.checks.answers import Answers
from harness.checks.thresholds import Thresholds
from harness.checks.timeline import Timeline
from harness.history import History
from harness.store.logs import Around
from harness.store.record import ScenarioRecord
from harness.store.run_record import RunRecord, RunVerdict
from harness.verdict import Judgement


@dataclass(frozen=True, eq=False)
class ScenarioView:
    """A scenario as its panel shows it.

    `answers` and `thresholds` are what it was judged by. `folder` is relative to the page, with forward slashes;
    `files` are names in it. `timeline` is None where traffic never began. `around` is what members warned of when each
    of the findings showed, by its check; it holds none where the logs' times can't be placed.
    """

    record: ScenarioRecord
    judgement: Judgement
    history: History
    answers: Answers
    thresholds: Thresholds
    timeline: Timeline | None
    folder: str
    files: tuple[str, ...] = ()
    around: Mapping[str, Around] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RunView:
    """A run as its page shows it; `panels` by the folder of their scenario, for those that have evidence."""

    record: RunRecord
    verdict: RunVerdict
    panels: Mapping[str, ScenarioView] = field(default_factory=dict)
