"""`harness selftest`: plants the violations of the matrix in a real cluster, and says what the checks made of them."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.errors import BadInput
from harness.run.environment import environment
from harness.run.judging import review
from harness.run.options import RunOptions, parse_seed
from harness.run.progress import PlainProgress
from harness.selftest.carry_out import name_of, run_matrix
from harness.selftest.matrix import CONTROLS, MATRIX, Row
from harness.selftest.shipped import SHIPPED
from harness.selftest.table import as_markdown, as_page, on_terminal, sentence
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord
from harness.verdict import Verdict

_console = Console()


def selftest(
    *,
    row: Annotated[list[str] | None, typer.Option(help="only this row of the matrix; may be repeated")] = None,
    seed: Annotated[str, typer.Option(help="decides data, traffic and moments")] = "1",
    reports: Annotated[Path, typer.Option(help="where runs are kept")] = Path("reports"),
) -> None:
    """Plant violations in a real cluster: the check that must fire has to, and no other.

    Exits with 1 if a row fails.
    """
    rows, options = _chosen(row or []), RunOptions(seed=parse_seed(seed), reports=reports)
    run = RunFolder.create(reports, _record(row or [], options.seed, rows))
    progress = PlainProgress(lambda text: _console.print(text, highlight=False, soft_wrap=True, markup=False))
    detected = list(run_matrix(rows, options, run, progress))
    view = review(run)
    run.write_verdict(view.verdict)
    (run.path / "selftest.md").write_text(as_markdown(detected, run), encoding="utf-8")
    run.page.write_text(as_page(detected, run, view), encoding="utf-8")
    _console.print(on_terminal(detected))
    _console.print(sentence(detected), highlight=False)
    _console.print(f"page: {run.page}", highlight=False, soft_wrap=True)
    raise typer.Exit(Verdict.FAIL.exit_code if any(one.failed for one in detected) else 0)


def _chosen(numbers: list[str]) -> tuple[Row, ...]:
    known = {row.number: row for row in (*MATRIX, *SHIPPED, *CONTROLS)}
    for number in numbers:
        if number not in known:
            raise BadInput(f"there is no row {number!r}", where="--row", mend=f"take one of {', '.join(known)}")
    return tuple(known[number] for number in numbers) or tuple(known.values())


def _record(numbers: list[str], seed: int, rows: tuple[Row, ...]) -> RunRecord:
    options = [part for number in numbers for part in ("--row", number)]
    return RunRecord(
        selection="selftest",
        seed=seed,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(["harness", "selftest", *options, "--seed", str(seed)]),
        platform="local",
        profile="fast",
        milvus="2.3.5",
        environment=environment(),
        selected=tuple(name_of(row) for row in rows),
    )
