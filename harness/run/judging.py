"""From a scenario's folder to its verdict and its view: the same while a run goes on, and offline later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from harness.checks.timeline import timeline
from harness.checks.way_in import way_in
from harness.history import History
from harness.report.view import RunView, ScenarioView
from harness.slo.judge import judge
from harness.slo.limits import SCENARIOS, Limits, load_limits
from harness.store.record import ScenarioRecord
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunVerdict, Skipped
from harness.store.scenario_folder import ScenarioFolder


def judge_folder(
    folder: ScenarioFolder, slo: Path | None = None, *, known: Collection[str] = SCENARIOS
) -> tuple[ScenarioRecord, History, Judged]:
    """Judge a scenario by its folder alone, with its own limits or those of a file. Errors: BadInput."""
    record, history = folder.record(), folder.read_history()
    own = Limits.model_validate({**record.limits, "calibrated": record.calibrated}, strict=False)
    limits = load_limits(slo, record.scenario or record.name, known=known) if slo else own
    judgement = judge(history, limits, expects_fault=record.faults > 0)
    place = f"{folder.path.parent.name}/{folder.path.name}"
    return record, history, Judged(record.name, record.title, place, judgement, record.aborted)


def view(
    folder: ScenarioFolder, slo: Path | None = None, *, known: Collection[str] = SCENARIOS
) -> tuple[Judged, ScenarioView]:
    """Judge a scenario and lay it out for its panel. Errors: BadInput."""
    record, history, judged = judge_folder(folder, slo, known=known)
    files = tuple(sorted(path.name for path in folder.path.iterdir() if path.is_file()))
    drawn = timeline(history) if len(history.operations) else None
    return judged, ScenarioView(record, judged.judgement, history, drawn, judged.folder, files, way_in(history))


def review(run: RunFolder, slo: Path | None = None, skipped: Sequence[Skipped] = ()) -> RunView:
    """Judge a whole run by its folder alone. Errors: BadInput."""
    folders = list(run.scenarios())
    known = {*SCENARIOS, *(folder.record().scenario for folder in folders)}
    views = [view(folder, slo, known=known) for folder in folders]
    verdict = RunVerdict.of([*(judged for judged, _ in views), *skipped])
    return RunView(run.record(), verdict, {drawn.folder: drawn for _, drawn in views})
