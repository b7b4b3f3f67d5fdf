"""Runs of scenarios in a process of their own, as a user starts them, short ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What takes long, and is tried once a night.
NIGHTLY = bool(os.environ.get("HARNESS_TEST_NIGHTLY"))

SHORT = """
from harness.api import Kill, Outcome, Role, Scenario, scenario

SHORT = Scenario(
    name="short",
    title="A short one",
    faults=(Kill(Role.QUERY_NODE),),
    steady_s=2,
    observe_s=2,
)


@scenario(SHORT)
def test_short(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
"""


def scenario_file(folder: Path, text: str = SHORT) -> Path:
    """Write a user's scenario file."""
    file = folder / "test_mine.py"
    file.write_text(text, encoding="utf-8")
    return file


def command(folder: Path, *options: str) -> list[str]:
    """Return pytest's command for the scenario file in a folder, its reports beside it."""
    reports = f"--harness-reports={folder / 'reports'}"
    return [sys.executable, "-m", "pytest", str(folder), "-p", "no:cacheprovider", "-c", os.devnull, reports, *options]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run; at the end it is no longer there."""
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command(folder, *options),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            # As in a terminal: what a shell starts in the background would ignore Ctrl-C, and so would its children.
            preexec_fn=_listen_to_ctrl_c,  # noqa: PLW1509 - nothing here has threads when it starts a run
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _listen_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def output(folder: Path) -> str:
    """Return what a run printed."""
    return (folder / "output.txt").read_text(encoding="utf-8")


def heal() -> str:
    """Run `harness heal` as a user would."""
    done = subprocess.run([sys.executable, "-m", "harness.cli", "heal"], check=True, capture_output=True, text=True)
    return done.stdout


def journal_lines(home: Path) -> int:
    """Return how many lines the journals of all clusters have."""
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in home.glob("clusters/*/journal.jsonl"))


def only_run(folder: Path) -> Path:
    """Return the one run's folder."""
    (run,) = (path for path in (folder / "reports").iterdir() if path.is_dir())
    return run
