"""A run that is ended from outside, at any moment: healed, or healed by `harness heal`; nothing is left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import monotonic_ns

import psutil
import pytest

from harness.history import NS_PER_S, Result
from harness.platforms.waiting import until
from harness.store.run_folder import RunFolder
from harness.verdict import EXIT_INTERRUPTED
from tests.contract.leftovers import look
from tests.contract.runs import NIGHTLY, heal, journal_lines, only_run, output, running, scenario_file

# A cluster is being made, a collection is there, a fault is done. In the nightly all, up to more than a short scenario
# writes: the test ends itself at the first number that no run reaches.
_LINES = range(1, 40) if NIGHTLY else (1, 4, 6)


def test_killed_at_a_journal_entry_heal_leaves_nothing(clusters_of_their_own: Path, tmp_path: Path) -> None:
    before, killed_at = look(), []
    for line in _LINES:
        folder = tmp_path / str(line)
        folder.mkdir()
        scenario_file(folder)
        with running(folder) as process:
            until(partial(_reached, clusters_of_their_own, line, process), 120)
            if process.poll() is not None:
                break
            process.kill()
            process.wait()
        assert "cluster short-" in heal()
        assert look().beyond(before) == ""
        assert list((clusters_of_their_own / "clusters").iterdir()) == []
        killed_at.append(line)
    # Cluster, collection, traffic, fault, read-back: each begun and each done, but for the last.
    assert len(killed_at) >= (9 if NIGHTLY else len(_LINES))
    assert look().beyond(before) == ""


def _reached(home: Path, line: int, process: subprocess.Popen[str]) -> bool:
    return journal_lines(home) >= line or process.poll() is not None


def test_killed_with_its_load_it_loses_a_second_at_most(clusters_of_their_own: Path, tmp_path: Path) -> None:
    before = look()
    scenario_file(tmp_path)
    with running(tmp_path) as process:
        assert until(lambda: "short: observe" in output(tmp_path), 120), output(tmp_path)
        writers = [p for p in psutil.Process(process.pid).children(recursive=True) if "locust" in p.cmdline()]
        assert writers
        killed_ns = monotonic_ns()
        process.kill()
        for writer in writers:
            writer.kill()
    heal()
    assert look().beyond(before) == ""
    run = only_run(tmp_path)
    (folder,) = RunFolder.open(run).scenarios()
    operations = folder.read_history().operations
    answered = operations.done_ns[operations.outcome == Result.OK]
    # A writer hands over what it has each second; the rest is what a busy machine may take for it.
    assert killed_ns - int(answered.max()) < 2 * NS_PER_S
    recheck = [sys.executable, "-m", "harness.cli", "recheck", str(run)]
    done = subprocess.run(recheck, check=False, capture_output=True, text=True)
    assert (done.returncode, "INVALID" in done.stdout) == (3, True), done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_heals_and_writes_the_page(tmp_path: Path, number: signal.Signals) -> None:
    before = look()
    scenario_file(tmp_path)
    with running(tmp_path) as process:
        assert until(lambda: "short: steady" in output(tmp_path), 90), output(tmp_path)
        process.send_signal(number)
        assert process.wait(60) == EXIT_INTERRUPTED, output(tmp_path)
    assert look().beyond(before) == ""
    run = only_run(tmp_path)
    assert "INVALID" in (run / "index.html").read_text(encoding="utf-8")
    verdict = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "INVALID"
    assert verdict["scenarios"][0]["aborted"] == "interrupted"
