"""The head of the page: the verdict of the run, why, where it comes from, and all scenarios in one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from harness.report.panel import anchor_of
from harness.report.render import render
from harness.report.strip import strip
from harness.report.text import figure_text
from harness.report.view import RunView
from harness.slo.evidence import figures
from harness.slo.figure import Column, Figure
from harness.store.run_record import Judged, Skipped, is_superseded
from harness.verdict import Judgement, SloRow, Verdict

_MEANING = {
    Verdict.PASS: "",
    Verdict.FAIL: "",
    Verdict.INCONCLUSIVE: "Too little was measured to say whether this Milvus holds its limits.",
    Verdict.INVALID: "The run was not measured soundly, so it says nothing about Milvus.",
}
_MACHINE = ("machine", "system")  # of the environment; the rest stands in the panels
NO_FIGURE = "\u2013"


@dataclass(frozen=True)
class Cell:
    """A key figure as text; `state` is pass, fail or info."""

    text: str
    state: str


@dataclass(frozen=True)
class ScenarioRow:
    """A scenario in the head's table; a `note` stands in place of the figures."""

    title: str
    verdict: str
    anchor: str
    strip: Markup
    cells: tuple[Cell, ...]
    note: str
    superseded: bool


def header(run: RunView) -> Markup:
    """Return the head of the page."""
    record, verdict = run.record, run.verdict
    return render(
        "header.html",
        verdict=verdict.verdict.value,
        sentence=verdict.sentence,
        meaning=_MEANING[verdict.verdict],
        kicker=f"Milvus {milvus_of(run)} under faults".replace("  ", " "),
        provenance=provenance(run),
        columns=key_columns(),
        scenarios=scenario_rows(run),
        command=record.command,
    )


def scenario_rows(run: RunView) -> list[ScenarioRow]:
    """Return every scenario of the run, those that were skipped or tried again included."""
    return [_row(entry, run, is_superseded(entry, run.verdict.scenarios)) for entry in run.verdict.scenarios]


def key_cells(judgement: Judgement) -> tuple[Cell, ...]:
    """Return the key figures in the columns' order, a dash where a scenario has none."""
    by_name = {row.figure: row for row in judgement.slos}
    return tuple(_cell(by_name.get(figure.name)) for figure in _key_figures())


def key_columns() -> tuple[Column, ...]:
    """Return the columns of the head's table and of the job summary."""
    return tuple(figure.column for figure in _key_figures() if figure.column)


def _key_figures() -> tuple[Figure, ...]:
    shown = ((figure.column.place, figure) for figure in figures() if figure.column)
    return tuple(figure for _, figure in sorted(shown, key=lambda one: one[0]))


def _cell(row: SloRow | None) -> Cell:
    if row is None:
        return Cell(NO_FIGURE, "info")
    unit = "" if row.unit == "rows" else row.unit  # the column's name says it
    return Cell(figure_text(row.value, unit, row.limit), {True: "pass", False: "fail", None: "info"}[row.passed])


def _row(entry: Judged | Skipped, run: RunView, superseded: bool) -> ScenarioRow:
    if isinstance(entry, Skipped):
        return ScenarioRow(entry.title, "SKIPPED", "", Markup(""), (), entry.reason, superseded)
    anchor = anchor_of(entry.folder) if entry.folder in run.panels else ""
    cells = key_cells(entry.judgement)
    nothing = all(cell.text == NO_FIGURE for cell in cells)
    return ScenarioRow(
        title=entry.title,
        verdict=entry.judgement.verdict.value,
        anchor=anchor,
        strip=strip(run.panels[entry.folder]) if anchor else Markup(""),
        cells=cells,
        note=f"ended early: {entry.aborted}" if entry.aborted and nothing else "",
        superseded=superseded,
    )


def milvus_of(run: RunView) -> str:
    """Return the version that was asked for, else those that the scenarios ran."""
    return run.record.milvus or ", ".join(dict.fromkeys(view.record.milvus for view in run.panels.values()))


def provenance(run: RunView) -> list[tuple[str, str]]:
    """Return where a run comes from, as name and value; what is not known is left out."""
    record = run.record
    rows = [
        ("Started", started_text(record.started)),
        ("Selection", record.selection),
        ("Seed", str(record.seed)),
        ("Milvus", milvus_of(run)),
        ("Profile", record.profile),
        ("Platform", record.platform),
        *((name.capitalize(), value) for name, value in record.environment.items() if name.lower() in _MACHINE),
    ]
    return [(name, value) for name, value in rows if value]


def started_text(started: str) -> str:
    """Return an ISO 8601 time as people write it; what is none is left as it is."""
    try:
        time = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{time:%Y-%m-%d %H:%M:%S} {time.tzname() or ''}".strip()
