"""docs/reference.md and docs/measuring.md are what the code says of itself."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from benchmarks.__main__ import BOUNDED
from harness.slo.evidence import figures

DOCS = Path(__file__).resolve().parents[2] / "docs"
AGAIN = "not what the code says; write it again: tox -e reference (python docs/make_reference.py)"
_BAR = re.compile(r"(?<!\\)\|")


def test_the_pages_are_what_the_code_says() -> None:
    made = runpy.run_path(str(DOCS / "make_reference.py"))["pages"]()
    # Not compared with ==: the whole page would be in the message.
    other = [page.name for page, text in made.items() if text != page.read_text(encoding="utf-8")]
    assert other == [], AGAIN


def test_every_figure_has_a_definition_with_words_of_its_own() -> None:
    assert [figure.name for figure in figures() if not figure.definition] == []


def test_what_has_a_bound_is_told_of_and_measured() -> None:
    told = re.findall(
        r"^\| `python -m benchmarks\.(\w+)` ", (DOCS / "trust.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(told) == sorted(BOUNDED)


def test_every_table_has_as_many_cells_as_heads() -> None:
    cells = 0
    for line in (DOCS / "reference.md").read_text(encoding="utf-8").splitlines():
        found = len(_BAR.findall(line)) if line.startswith("|") else 0
        assert not (cells and found) or found == cells, line
        cells = found


def test_every_command_option_fault_and_verb_says_what_it_is_for() -> None:
    said, _, _ = (DOCS / "reference.md").read_text(encoding="utf-8").partition("\n## Limits\n")
    rows = [line for line in said.splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    assert [row for row in rows if row.endswith("|  |")] == []


def test_a_scenario_of_ones_own_is_short() -> None:
    """CI plans this file with what the wheel alone installs."""
    page = (DOCS / "your-own-scenarios.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    assert 0 < len(example.splitlines()) < 15
