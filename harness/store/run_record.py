"""What a run's folder says about itself (`run.json`), and what came of it (`verdict.json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.verdict import Judgement, Verdict, of_run

FORMAT = 1


@dataclass(frozen=True)
class RunRecord:
    """Written when the run begins, so that even a killed run says what it was.

    `started` is a wall-clock label (ISO 8601), never used for a duration; `command` repeats the whole run.
    """

    selection: str
    seed: int
    started: str
    command: str
    platform: str = ""
    profile: str = ""
    milvus: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class Judged:
    """A scenario that ran; `folder` is its path inside the run's folder, with forward slashes."""

    name: str
    title: str
    folder: str
    judgement: Judgement
    aborted: str = ""


@dataclass(frozen=True)
class Skipped:
    """A selected scenario that could not run here, and why."""

    name: str
    title: str
    reason: str


@dataclass(frozen=True)
class RunVerdict:
    """The verdict of a run and of every scenario in it, in the order they ran. `sentence` says why."""

    verdict: Verdict
    sentence: str
    scenarios: tuple[Judged | Skipped, ...]

    @classmethod
    def of(cls, scenarios: Sequence[Judged | Skipped]) -> RunVerdict:
        """Judge a run by facts/measuring.md's precedence; only the last attempt at a scenario counts.

        A FAIL counts even where it was tried again: it is never re-run until green.
        """
        counted = _counted(scenarios)
        judged = [entry.judgement.verdict for entry in counted if isinstance(entry, Judged)]
        verdict = of_run(judged, skipped=len(counted) - len(judged))
        return cls(verdict, _sentence(verdict, counted), tuple(scenarios))


def is_superseded(entry: Judged | Skipped, scenarios: Sequence[Judged | Skipped]) -> bool:
    """Return whether a later attempt at the same scenario took this one's place."""
    if isinstance(entry, Judged) and entry.judgement.verdict is Verdict.FAIL:
        return False
    after = scenarios[[id(other) for other in scenarios].index(id(entry)) + 1 :]
    return any(other.name == entry.name for other in after)


def _counted(scenarios: Sequence[Judged | Skipped]) -> list[Judged | Skipped]:
    return [entry for entry in scenarios if not is_superseded(entry, scenarios)]


def _sentence(verdict: Verdict, counted: Sequence[Judged | Skipped]) -> str:
    """Say in one sentence what decided: the worst scenario's first reason, or that all passed."""
    if not counted:
        return "No scenario ran, so nothing can be said."
    if verdict is Verdict.PASS:
        return "It passed." if len(counted) == 1 else f"All {len(counted)} scenarios passed."
    cause = next((e for e in counted if isinstance(e, Judged) and e.judgement.verdict is verdict), counted[0])
    if isinstance(cause, Judged):
        reason = cause.judgement.reasons[0] if cause.judgement.reasons else verdict.lower()
        return f"{cause.title}: {reason}"
    skipped = [entry for entry in counted if isinstance(entry, Skipped)]
    return f"{skipped[0].title} was skipped: {skipped[0].reason}"
