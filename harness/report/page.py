"""The page of a run: pytest-html's report with our panels on top. What the pytest plugin and the command call.

With pytest-html: pass `css_file()` to `--css`, append `fragment(run)` in `pytest_html_results_summary`, and call
`finish(path, run)` once pytest-html has written its file. `renew(path, run)` puts a fresh head and panels into a
page that is there already, or writes a page of our part alone where there is none.
"""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from harness.report.document import finished, place_of, replaced, standalone
from harness.report.header import header
from harness.report.panel import panel
from harness.report.render import asset
from harness.report.view import RunView

__all__ = ["css_file", "finish", "fragment", "panel", "renew", "run_header", "title"]


def css_file() -> Path:
    """Return the style sheet for pytest-html's `--css`."""
    return asset("page.css")


def run_header(run: RunView) -> Markup:
    """Return the head of the page: the verdict and why, where it comes from, all scenarios in one table."""
    return header(run)


def fragment(run: RunView) -> Markup:
    """Return the head and all panels, in the order the scenarios ran, with the script of the cursor."""
    code = Markup(asset("cursor.js").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    script = Markup("<script>{}</script>").format(code)
    return place_of(Markup("\n").join([run_header(run), *(panel(view) for view in run.panels.values()), script]))


def title(run: RunView) -> str:
    """Return the page's title: a browser's tab shows the verdict first."""
    return f"{run.verdict.verdict} \u00b7 {run.record.selection} \u00b7 seed {run.record.seed}"


def finish(path: Path, run: RunView) -> None:
    """Give the page that pytest-html wrote its language, a phone's viewport and a title, and put our part first."""
    path.write_text(finished(path.read_text(encoding="utf-8"), title(run)), encoding="utf-8")


def renew(path: Path, run: RunView) -> None:
    """Make the page again from the run's folder: pytest-html's part stays as it is, where there is one."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    fresh, css = fragment(run), css_file().read_text(encoding="utf-8")
    page = replaced(old, fresh, css, title(run)) or standalone(fresh, css, title(run))
    path.write_text(page, encoding="utf-8")
