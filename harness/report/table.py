"""A table as kinds of evidence declare it: on the page as HTML, in the job summary as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.render import render
from harness.report.text import plain_text


@dataclass(frozen=True)
class Table:
    """A table; its first column names the rows, the others hold figures as text."""

    heading: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def as_html(self, of: str) -> Markup:
        """Return it with its heading; `of` is the scenario's title."""
        return render("table.html", table=self, of=of)

    def as_markdown(self) -> Iterator[str]:
        """Yield its lines."""
        yield from (f"**{plain_text(self.heading)}**", "")
        yield f"| {' | '.join(map(plain_text, self.heads))} |"
        yield "|---|" + "---:|" * (len(self.heads) - 1)
        yield from (f"| {' | '.join(map(plain_text, row))} |" for row in self.rows)
