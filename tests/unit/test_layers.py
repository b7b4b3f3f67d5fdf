"""What keeps the code readable: imports point down the layers, functions and files stay short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for part in ("harness", "loadtests", "scenarios") for path in (ROOT / part).rglob("*.py"))
FUNCTION_LINES = 40
MOST_FUNCTIONS_LINES = 10
FILE_LINES = 300


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with the number of its lines, decorators aside."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


LENGTHS = dict(one for path in FILES for one in functions(path))


def test_imports_point_down_the_layers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    kept = cli.lint_imports(no_cache=True) == cli.EXIT_STATUS_SUCCESS
    assert kept, capsys.readouterr().out


def test_there_is_code_to_look_at() -> None:
    assert len(FILES) > 100
    assert len(LENGTHS) > 500


def test_functions_are_short() -> None:
    assert {name: lines for name, lines in LENGTHS.items() if lines >= FUNCTION_LINES} == {}


def test_most_functions_are_very_short() -> None:
    assert sorted(LENGTHS.values())[len(LENGTHS) // 2] <= MOST_FUNCTIONS_LINES


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: lines for name, lines in lengths.items() if lines >= FILE_LINES} == {}
