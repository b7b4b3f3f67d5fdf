"""The job summary in Markdown: the verdict and why, the scenarios in a table, and the course of those not passed."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.course import course
from harness.report.header import ScenarioRow, key_columns, provenance, scenario_rows
from harness.report.text import plain_text
from harness.report.view import RunView
from harness.store.run_record import Judged

_SIGNS = {"PASS": "\u2714", "FAIL": "\u2718", "INCONCLUSIVE": "?", "INVALID": "\u2205", "SKIPPED": "\u2013"}
_REASONS = 8


def summary(run: RunView) -> str:
    """Return the run as Markdown, as a forge shows it beside a job; ends with a newline."""
    record, verdict = run.record, run.verdict
    lines = [
        f"# {_SIGNS[verdict.verdict]} {verdict.verdict}",
        "",
        plain_text(verdict.sentence),
        "",
        " \u00b7 ".join(f"{name} {plain_text(value)}" for name, value in provenance(run)),
        *_table(run),
        *_reasons(run),
        *(["", "Run it again:", "", f"    {record.command}"] if record.command else []),
    ]
    return "\n".join(lines) + "\n"


def _table(run: RunView) -> Iterator[str]:
    rows = scenario_rows(run)
    if rows:
        yield ""
        yield "| Scenario | Verdict | " + " | ".join(key.name for key in key_columns()) + " |"
        yield "|---|---|" + "---:|" * len(key_columns())
        yield from (_row(row) for row in rows)


def _row(row: ScenarioRow) -> str:
    cells = [f"**{cell.text}**" if cell.state == "fail" else cell.text for cell in row.cells]
    if row.note:
        cells = [plain_text(row.note), *[""] * (len(key_columns()) - 1)]
    title = plain_text(row.title) + (" (tried again)" if row.superseded else "")
    return f"| {title} | {_SIGNS[row.verdict]} {row.verdict} | " + " | ".join(cells) + " |"


def _reasons(run: RunView) -> Iterator[str]:
    for entry in run.verdict.scenarios:
        if isinstance(entry, Judged) and entry.judgement.reasons:
            reasons = entry.judgement.reasons
            yield from ("", f"**{plain_text(entry.title)}**, in `{entry.folder}`:", "")
            yield from (f"- {plain_text(reason)}" for reason in reasons[:_REASONS])
            if len(reasons) > _REASONS:
                yield f"- and {len(reasons) - _REASONS} more"
            if panel := run.panels.get(entry.folder):
                yield from course(panel)
