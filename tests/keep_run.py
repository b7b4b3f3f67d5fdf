"""Keep a run as test data: python -m tests.keep_run reports/RUN tests/data/selftest-run.tar.xz.

What no verdict rests on is left out: logs, pages, vectors, and what was scheduled for after the end. The verdict must
be the same without it.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from harness.load.schedule import QUERIES_FILE, WRITTEN_FILE, Schedule, load_schedule, save_schedule
from harness.run.judging import review
from harness.store.run_folder import RunFolder
from harness.store.scenario_folder import ScenarioFolder

_KEPT = ("events.arrow", "operations-*.arrow", "readback-*.npz", "scenario.json", "schedule.arrow", "truth.npz")


def keep(source: Path, archive: Path) -> None:
    """Pack a run's folder without what its verdict does not need."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / source.name
        folder.mkdir()
        shutil.copy(source / "run.json", folder)
        for scenario in RunFolder.open(source).scenarios():
            _copy(scenario.path, folder / "scenarios" / scenario.path.name)
        run = RunFolder.open(folder)
        before = _verdict(run)
        for scenario in run.scenarios():
            slim(scenario)
        assert _verdict(run) == before, "what was left out is part of the verdict"
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            packed.add(folder, folder.name)


def _verdict(run: RunFolder) -> bytes:
    run.write_verdict(review(run).verdict)
    return (run.path / "verdict.json").read_bytes()


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for pattern in _KEPT:
        for file in source.glob(pattern):
            shutil.copy(file, target)


def slim(folder: ScenarioFolder) -> None:
    """Leave out of a scenario's schedule and truth what never came to be."""
    if not (folder.path / "truth.npz").exists():
        return
    history, schedule = folder.read_history(), load_schedule(folder.path)
    there = np.isin(schedule.op_id, history.operations.op_id)
    nothing = np.zeros((0, 0), np.float32)
    save_schedule(
        folder.path, Schedule(*(getattr(schedule, f.name)[there] for f in fields(Schedule))), nothing, nothing
    )
    for file in (QUERIES_FILE, WRITTEN_FILE):
        (folder.path / file).unlink()
    truth, last = history.truth, int((history.operations.key + history.operations.key_count).max())
    tried = truth.written_keys < last
    folder.write_truth(
        replace(truth, written_keys=truth.written_keys[tried], written_distances=truth.written_distances[:, tried])
    )
    folder.write_record(replace(folder.record(), digests=folder.digests()))


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
