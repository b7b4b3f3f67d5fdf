"""From a scenario's folder to its verdict and its view: the same while a run goes on, and offline later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.checks.answers import Answers, answers
from harness.checks.shown import shown_ns
from harness.checks.thresholds import BEFORE, DEFAULT, Thresholds, thresholds_of
from harness.checks.timeline import timeline
from harness.errors import BadInput
from harness.history import NS_PER_S, EventKind, History
from harness.report.view import RunView, ScenarioView
from harness.slo.evidence import figure_of_check, kinds
from harness.slo.judge import judge
from harness.slo.limits import SCENARIOS, Limits, load_limits
from harness.slo.multiples import session_s
from harness.store.logs import Around, warned
from harness.store.record import FORMAT, ScenarioRecord
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunVerdict, Skipped, never_ran
from harness.store.scenario_folder import ScenarioFolder
from harness.verdict import Finding

# A member's warning belongs to a finding by being near.
_AROUND_NS = 3 * NS_PER_S


def judge_folder(
    folder: ScenarioFolder, slo: Path | None = None, *, known: Collection[str] = SCENARIOS
) -> tuple[ScenarioRecord, History, Judged]:
    """Judge a scenario by its folder alone, with its own limits or those of a file. Errors: BadInput."""
    record, history, _, judged = _judged(folder, slo, known)
    return record, history, judged


def _judged(
    folder: ScenarioFolder, slo: Path | None, known: Collection[str]
) -> tuple[ScenarioRecord, History, Answers, Judged]:
    record, history = folder.record(), folder.read_history()
    own = _own_limits(folder, record)
    limits = load_limits(slo, record.scenario or record.name, known=known) if slo else own
    thresholds = _thresholds(folder, record)
    answered = answers(history, thresholds)
    judgement = judge(
        history,
        limits,
        thresholds,
        expects_fault=record.faults > 0,
        answered=answered,
        session_s=session_s(record.settings),
        older=slo is not None and record.format < FORMAT,
    )
    place = f"{folder.path.parent.name}/{folder.path.name}"
    return record, history, answered, Judged(record.name, record.title, place, judgement, record.aborted)


def _own_limits(folder: ScenarioFolder, record: ScenarioRecord) -> Limits:
    """Return the record's limits. Errors: BadInput where evidence that it was recorded for is not installed."""
    where = str(folder.path / "scenario.json")
    if lacking := sorted(set(record.evidence) - {one.name for one in kinds()}):
        mend = "install the package that brings it"
        raise BadInput(f"it was judged by {', '.join(lacking)}, which is not installed", where=where, mend=mend)
    try:
        return Limits.of({**record.limits, "calibrated": record.calibrated}, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = f"limits.{first['loc'][0]} is no limit here: {first['msg'].lower()}"
        raise BadInput(what, where=where, mend="restore the file") from None


def view(
    folder: ScenarioFolder, slo: Path | None = None, *, known: Collection[str] = SCENARIOS
) -> tuple[Judged, ScenarioView]:
    """Judge a scenario and lay it out for its panel. Errors: BadInput."""
    record, history, answered, judged = _judged(folder, slo, known)
    files = tuple(sorted(path.name for path in folder.path.iterdir() if path.is_file()))
    drawn = timeline(answered) if len(history.operations) else None
    thresholds = _thresholds(folder, record)
    around = _around(folder, record, history, judged.judgement.findings)
    shown = ScenarioView(record, judged.judgement, history, answered, thresholds, drawn, judged.folder, files, around)
    return judged, shown


def _around(
    folder: ScenarioFolder, record: ScenarioRecord, history: History, findings: Sequence[Finding]
) -> dict[str, Around]:
    """Return what members warned of when each finding first showed."""
    if not record.wall_offset_ns:
        return {}
    moments = {finding.check: _moment_ns(finding, history) for finding in findings}
    spans = {check: t_ns + record.wall_offset_ns for check, t_ns in moments.items() if t_ns is not None}
    found = warned(folder.logs, [(t_ns - _AROUND_NS, t_ns + _AROUND_NS) for t_ns in spans.values()])
    return dict(zip(spans, found, strict=True))


def _moment_ns(finding: Finding, history: History) -> int | None:
    """Return when a finding showed; of rows that nobody wrote since, when the fault took effect or they were read."""
    t_ns = shown_ns(finding, history.operations)
    figure = figure_of_check(finding.check)
    if t_ns is None and figure and figure.decides:
        return min([e.t_ns for e in history.of(EventKind.FAULT, what="effect")] or [r.t_ns for r in history.readbacks])
    return t_ns


def _thresholds(folder: ScenarioFolder, record: ScenarioRecord) -> Thresholds:
    base = DEFAULT if record.format == FORMAT else BEFORE
    return thresholds_of(record.thresholds, where=str(folder.path / "scenario.json"), base=base)


def review(run: RunFolder, slo: Path | None = None, skipped: Sequence[Skipped] = ()) -> RunView:
    """Judge a whole run by its folder alone. Errors: BadInput."""
    folders = list(run.scenarios())
    known = {*SCENARIOS, *(folder.record().scenario for folder in folders)}
    views = [view(folder, slo, known=known) for folder in folders]
    record = run.record()
    there: list[Judged | Skipped] = [*(judged for judged, _ in views), *skipped]
    verdict = RunVerdict.of([*there, *never_ran(record, there)])
    return RunView(record, verdict, {drawn.folder: drawn for _, drawn in views})
