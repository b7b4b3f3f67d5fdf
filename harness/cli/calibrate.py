"""`harness calibrate`: a limits file for this machine and this Milvus, from healthy runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.errors import BadInput
from harness.run.calibration import as_toml, seen_in
from harness.run.environment import environment
from harness.store.run_folder import RunFolder
from harness.verdict import EXIT_INTERRUPTED, Verdict

_console = Console()
_MOST = 100
# Judged: PASS, FAIL, INCONCLUSIVE, INVALID. Anything else ended the run before.
_JUDGED = {verdict.exit_code for verdict in Verdict}


def calibrate(
    path: Annotated[Path, typer.Argument(help="scenario files")] = Path("scenarios"),
    *,
    runs: Annotated[int, typer.Option(help="how many healthy runs: 9 are 61% sure, 29 are 95%")] = 9,
    select: Annotated[str, typer.Option(help="gate, nightly or scenario names")] = "gate",
    out: Annotated[Path, typer.Option(help="the limits file to write")] = Path("my-limits.toml"),
    reports: Annotated[Path, typer.Option(help="where its runs are kept; what is there is not run again")] = Path(
        "reports/calibration"
    ),
) -> None:
    """Run scenarios n times, healthy, and write the limits that this machine and this Milvus support.

    A second call goes on where the first one ended. The file is for --harness-slo.
    """
    _refuse(runs, out)
    done = _done(reports, select)
    left = [seed for seed in range(1, runs + 1) if seed not in done]
    if left:
        _say(f"{len(left)} of {runs} runs are to be done, one after another, each as long as this plan:")
        _pytest(path, select, "--harness-plan", "-qq", "--no-header", "--no-summary")
    for number, seed in enumerate(left, 1):
        _say(f"run {number} of {len(left)}, seed {seed}")
        code = _pytest(path, select, f"--harness-seed={seed}", f"--harness-reports={reports}")
        if code not in _JUDGED:
            _say("what was done is kept: the same command goes on from there")
            raise typer.Exit(code)
    raise typer.Exit(_write(out, list(_done(reports, select).values())[:runs]))


def _refuse(runs: int, out: Path) -> None:
    if not 1 <= runs <= _MOST:
        raise BadInput(f"{runs} runs", where="--runs", mend=f"take 1 to {_MOST}")
    if out.exists():
        raise BadInput("the file is there already", where=str(out), mend="name another, or move it away")
    if not out.absolute().parent.is_dir():
        raise BadInput("its folder is not there", where=str(out), mend="make the folder, or name another")


def _done(reports: Path, select: str) -> dict[int, RunFolder]:
    """Return the runs of this selection that were judged, the newest of each seed."""
    folders = [RunFolder.open(path) for path in sorted(reports.glob("2*")) if (path / "verdict.json").exists()]
    known = ((folder.record(), folder) for folder in folders)
    return dict(sorted({record.seed: folder for record, folder in known if record.selection == select}.items()))


def _write(out: Path, runs: list[RunFolder]) -> int:
    left_out: list[str] = []
    seen = list(seen_in(runs, left_out))
    for line in left_out:
        _say(f"left out, for it is no healthy run: {line}")
    if not seen:
        _say("no run was healthy, so nothing can be drawn from them")
        return Verdict.INCONCLUSIVE.exit_code
    about = (f"Limits for this machine and this Milvus, by harness calibrate: {environment()['machine']}", *left_out)
    out.write_text(as_toml(seen, about), encoding="utf-8")
    for one in seen:
        _say(f"{one.scenario}: {len(one.seeds)} healthy runs, {one.sure:.0%} sure that nine in ten are as good")
    _say(f"{out}: use it with --harness-slo {out}")
    return 0


def _pytest(path: Path, select: str, *options: str) -> int:
    command = [sys.executable, "-m", "pytest", str(path), f"--harness-select={select}", *options]
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _say(text: str) -> None:
    _console.print(text, highlight=False, soft_wrap=True, markup=False)
