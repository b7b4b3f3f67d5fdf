"""What came of the matrix: on the terminal, as Markdown for the documentation, and as a page with every run in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from rich.table import Table

from harness.report.document import place_of, standalone
from harness.report.page import css_file
from harness.report.panel import anchor_of, panel
from harness.report.render import asset, render
from harness.report.view import RunView
from harness.selftest.carry_out import Detected
from harness.store.run_folder import RunFolder
from harness.verdict import Verdict

_COLUMNS = ("#", "violation", "planted by", "must fire", "fired", "row")


@dataclass(frozen=True)
class Shown:
    """A row of the matrix in words."""

    number: str
    violation: str
    planted_by: str
    must: str
    fired: str
    failed: str
    anchor: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row's texts, column by column."""
        return (self.number, self.violation, self.planted_by, self.must, self.fired, self.failed or "as declared")


def shown(detected: Sequence[Detected]) -> list[Shown]:
    """Put the rows into words."""
    return [_shown(one) for one in detected]


def _shown(one: Detected) -> Shown:
    row = one.row
    fires = [name if name in row.must else f"({name})" for name in sorted(one.fired)]
    must, fired = (", ".join(names) or "nothing" for names in (sorted(row.must), fires))
    anchor = anchor_of(one.judged.folder)
    return Shown(row.number, row.violation, row.planted_by, must, fired, one.failed, anchor)


def sentence(detected: Sequence[Detected]) -> str:
    """Say what came of all of it."""
    if not detected:
        return "No row could be planted here."
    failed = [one.row.number for one in detected if one.failed]
    if failed:
        return f"{len(failed)} of {len(detected)} rows did not do as declared: {', '.join(failed)}."
    return f"All {len(detected)} rows did as declared: what must fire fired, and nothing else."


def verdict_of(detected: Sequence[Detected]) -> Verdict:
    """Return FAIL where a row did not do as declared; where none was carried out nothing is known."""
    if any(one.failed for one in detected):
        return Verdict.FAIL
    return Verdict.PASS if detected else Verdict.INCONCLUSIVE


def on_terminal(detected: Sequence[Detected]) -> Table:
    """Return a table for the terminal."""
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for row in shown(detected):
        table.add_row(*row.cells)
    return table


def as_markdown(detected: Sequence[Detected], run: RunFolder) -> str:
    """Return the table with its date, versions and command."""
    return "\n".join(_markdown(detected, run)) + "\n"


def _markdown(detected: Sequence[Detected], run: RunFolder) -> Iterator[str]:
    record = run.record()
    versions = ", ".join(f"{name} {value}" for name, value in record.environment.items())
    yield f"{record.started[:10]}, Milvus {record.milvus}, {versions}: `{record.command}`"
    yield ""
    yield "| " + " | ".join(_COLUMNS) + " |"
    yield "|" + "---|" * len(_COLUMNS)
    for row in shown(detected):
        yield "| " + " | ".join(row.cells) + " |"


def as_page(detected: Sequence[Detected], run: RunFolder, view: RunView) -> str:
    """Return a page: the table, then each row's run as a scenario is shown."""
    record = run.record()
    head = render(
        "matrix.html",
        verdict=verdict_of(detected).value,
        headline="selftest",
        kicker="The harness tested on itself",
        sentence=sentence(detected),
        provenance=[("started", record.started), ("seed", str(record.seed)), ("Milvus", record.milvus)],
        rows=shown(detected),
        command=record.command,
    )
    script = Markup("<script>{}</script>").format(Markup(asset("cursor.js").read_text(encoding="utf-8")))  # noqa: S704 - our own file
    content = place_of(Markup("\n").join([head, *(panel(one) for one in view.panels.values()), script]))
    return standalone(content, css_file().read_text(encoding="utf-8"), f"selftest \u00b7 seed {record.seed}")
