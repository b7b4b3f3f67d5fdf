"""What a run's folder says about itself (`run.json`), and what came of it (`verdict.json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.verdict import NOTHING_SEEN, Judgement, Verdict, of_run

FORMAT = 2  # 1: without `selected`, and without a seal


@dataclass(frozen=True)
class RunRecord:
    """Written when the run begins, so that even a killed run says what it was.

    `started` is a wall-clock label (ISO 8601), never used for a duration; `command` repeats the whole run; `selected`
    names every scenario that is to be run or skipped, empty where the run does not say.
    """

    selection: str
    seed: int
    started: str
    command: str
    platform: str = ""
    profile: str = ""
    milvus: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
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


def never_ran(run: RunRecord, there: Sequence[Judged | Skipped]) -> list[Judged]:
    """Return what a run selected and left neither a folder nor a skip of, as INVALID: it says nothing of Milvus."""
    known = {entry.name for entry in there}
    why = "the run was ended before it"
    reasons = (f"selected, but never ran: {why}",)
    nothing = Judgement(Verdict.INVALID, reasons, (), (), (), NOTHING_SEEN)
    return [Judged(name, name, ".", nothing, why) for name in dict.fromkeys(run.selected) if name not in known]


def is_superseded(entry: Judged | Skipped, scenarios: Sequence[Judged | Skipped]) -> bool:
    """Return whether a later attempt at the same scenario took this one's place."""
    if isinstance(entry, Judged) and entry.judgement.verdict is Verdict.FAIL:
        return False
    after = scenarios[[id(other) for other in scenarios].index(id(entry)) + 1 :]
    return any(other.name == entry.name for other in after)


def _counted(scenarios: Sequence[Judged | Skipped]) -> list[Judged | Skipped]:
    return [entry for entry in scenarios if not is_superseded(entry, scenarios)]


def _sentence(verdict: Verdict, counted: Sequence[Judged | Skipped]) -> str:
    """Say in one sentence what decided: the worst scenario's first reason, or that all limits held."""
    judged = [entry for entry in counted if isinstance(entry, Judged)]
    if not judged:
        why = f": {counted[0].reason}." if counted and isinstance(counted[0], Skipped) else ", so nothing can be said."
        return f"No scenario ran{why}"
    if verdict is Verdict.PASS:
        return _passed(judged)
    cause = next((entry for entry in judged if entry.judgement.verdict is verdict), None)
    if cause is not None:
        return f"{cause.title}: {_first_reason(cause.judgement)}."
    skipped = next(entry for entry in counted if isinstance(entry, Skipped))
    return f"{skipped.title} was skipped: {skipped.reason}."


def _passed(judged: Sequence[Judged]) -> str:
    held = sum(row.passed is True for entry in judged for row in entry.judgement.slos)
    who = judged[0].title if len(judged) == 1 else f"{len(judged)} scenarios"
    return f"{who}: {'its one limit' if held == 1 else f'all {held} limits'} held."


def _first_reason(judgement: Judgement) -> str:
    more = len(judgement.reasons) - 1
    reason = judgement.reasons[0].rstrip(".") if judgement.reasons else "no reason was recorded"
    return reason + ("" if more < 1 else f", and {more} other reason{'s' if more > 1 else ''}")
