"""`harness selftest`: plants the violations of the matrix in a real cluster, and says what the checks made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.cli.render import PlatformFile, PlatformOption
from harness.errors import BadInput
from harness.platforms.choice import PlatformChoice
from harness.run.environment import environment
from harness.run.judging import review
from harness.run.options import RunOptions, parse_seed
from harness.run.progress import PlainProgress
from harness.selftest.carry_out import Detected, command_of, name_of, run_matrix
from harness.selftest.matrix import CONTROLS, MATRIX, brought
from harness.selftest.row import Row
from harness.selftest.shipped import SHIPPED
from harness.selftest.table import as_markdown, as_page, on_terminal, sentence, verdict_of
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord, Skipped

_console = Console()


def selftest(
    *,
    row: Annotated[list[str] | None, typer.Option(help="only this row of the matrix; may be repeated")] = None,
    seed: Annotated[str, typer.Option(help="decides data, traffic and moments")] = "1",
    platform: Annotated[str, typer.Option(help="local, kind or kubernetes")] = "local",
    platform_file: PlatformFile = None,
    platform_option: PlatformOption = None,
    reports: Annotated[Path, typer.Option(help="where runs are kept")] = Path("reports"),
) -> None:
    """Plant violations in a real cluster: the check that must fire has to, and no other.

    Exits with 1 if a row fails; what a platform can't plant is said and left out.
    """
    choice = PlatformChoice.of(platform, platform_option or (), platform_file=platform_file)
    rows, options = _chosen(row or []), RunOptions(seed=parse_seed(seed), platform=choice, reports=reports)
    run = RunFolder.create(reports, _record(row or [], options, rows))
    progress = PlainProgress(lambda text: _console.print(text, highlight=False, soft_wrap=True, markup=False))
    found = list(run_matrix(rows, options, run, progress))
    detected = [one for one in found if isinstance(one, Detected)]
    view = review(run, skipped=[one for one in found if isinstance(one, Skipped)])
    run.write_verdict(view.verdict)
    (run.path / "selftest.md").write_text(as_markdown(detected, run), encoding="utf-8")
    run.page.write_text(as_page(detected, run, view), encoding="utf-8")
    _console.print(on_terminal(detected))
    _console.print(sentence(detected), highlight=False)
    _console.print(f"page: {run.page}", highlight=False, soft_wrap=True)
    raise typer.Exit(verdict_of(detected).exit_code)


def _chosen(numbers: list[str]) -> tuple[Row, ...]:
    known = {row.number: row for row in (*MATRIX, *SHIPPED, *brought(), *CONTROLS)}
    for number in numbers:
        if number not in known:
            raise BadInput(f"there is no row {number!r}", where="--row", mend=f"take one of {', '.join(known)}")
    return tuple(known[number] for number in numbers) or tuple(known.values())


def _record(numbers: list[str], options: RunOptions, rows: tuple[Row, ...]) -> RunRecord:
    return RunRecord(
        selection="selftest",
        seed=options.seed,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command_of(numbers, options),
        platform=options.platform.name,
        profile="fast",
        milvus="2.3.5",
        environment=environment(),
        selected=tuple(name_of(row) for row in rows),
    )
