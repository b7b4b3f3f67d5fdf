"""The commands that need no cluster: plan, recheck, report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.errors import BadInput
from harness.report import page
from harness.report.summary import summary
from harness.run.judging import review
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunVerdict, Skipped
from harness.store.verdict_file import differences

_console = Console()
_SHOWN = 5  # differences
Run = Annotated[Path, typer.Argument(help="a run's folder under reports/")]
Slo = Annotated[Path | None, typer.Option(help="other limits than those of the run")]


def plan(
    path: Annotated[Path, typer.Argument(help="scenario files")] = Path("scenarios"),
    select: Annotated[str, typer.Option(help="gate, nightly or scenario names; empty for all")] = "gate",
    seed: Annotated[str, typer.Option(help="the run's seed")] = "1",
) -> None:
    """Print the numbered steps of scenarios with their durations; nothing is started."""
    options = [
        "--harness-plan",
        f"--harness-select={select}",
        f"--harness-seed={seed}",
        "-qq",  # nothing that differs from run to run
        "--no-header",
        "--no-summary",
    ]
    done = subprocess.run([sys.executable, "-m", "pytest", str(path), *options], check=False)
    raise typer.Exit(done.returncode)


def recheck(run: Run, slo: Slo = None) -> None:
    """Judge a run again, from its folder alone, and compare; the exit code is the verdict's."""
    folder = RunFolder.open(run)
    then = _then(folder)
    verdict = review(folder, slo, _skipped(then)).verdict
    table = Table("scenario", "verdict", "why")
    for entry in verdict.scenarios:
        if isinstance(entry, Skipped):
            table.add_row(entry.name, "skipped", entry.reason)
        else:
            table.add_row(entry.name, entry.judgement.verdict, "; ".join(entry.judgement.reasons))
    _console.print(table)
    _console.print(f"{verdict.verdict}: {verdict.sentence}", highlight=False, soft_wrap=True)
    if slo is None:
        _compare(then, verdict)
    raise typer.Exit(verdict.verdict.exit_code)


def _compare(then: RunVerdict | BadInput, now: RunVerdict) -> None:
    """Say whether a run was judged then as it is now."""
    if isinstance(then, BadInput):
        told = [f"how it was judged then is not known: {then}"]
    elif different := list(differences(then, now)):
        told = [
            f"NOT as it was judged then: {len(different)} of its lines differ, so it was edited or judged otherwise",
            *(f"  {one.scenario}, {one.what}: then {one.then}, now {one.now}" for one in different[:_SHOWN]),
        ]
    else:
        figures = sum(len(entry.judgement.slos) for entry in then.scenarios if isinstance(entry, Judged))
        told = [f"as it was judged then: the same verdict and {figures} figures, bit for bit"]
    for line in told:
        _console.print(line, highlight=False, soft_wrap=True, markup=False)


def report(run: Run) -> None:
    """Make the page and the summary again, from the run's folder alone."""
    folder = RunFolder.open(run)
    view = review(folder, skipped=_skipped(_then(folder)))
    page.renew(folder.page, view)
    folder.summary.write_text(summary(view), encoding="utf-8")
    _console.print(f"page: {folder.page}", highlight=False, soft_wrap=True)


def _then(folder: RunFolder) -> RunVerdict | BadInput:
    """Return how a run was judged when it ended, or why that can't be told: it may have been killed before."""
    try:
        return folder.read_verdict()
    except BadInput as error:
        return error


def _skipped(then: RunVerdict | BadInput) -> list[Skipped]:
    """Return what the run skipped; of one that was killed it is not known."""
    return [] if isinstance(then, BadInput) else [entry for entry in then.scenarios if isinstance(entry, Skipped)]
