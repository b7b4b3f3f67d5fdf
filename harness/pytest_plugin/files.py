"""Mistakes in a scenario file that Python itself finds: a line with where, instead of a traceback."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

_IMPORTS_HARNESS = re.compile(r"^\s*(from|import)\s+harness\b", re.MULTILINE)


def in_scenario_file(path: Path, error: BaseException) -> str:
    """Return a mistake of a file that imports the harness as one line; empty for any other file."""
    if not _is_scenario_file(path):
        return ""
    found = error.__cause__ if isinstance(error, pytest.Collector.CollectError) and error.__cause__ else error
    said = (str(found).splitlines() or [""])[0]
    return f"{path.name}:{_line(path, found)}: {type(found).__name__}: {said}: mend the scenario file"


def _is_scenario_file(path: Path) -> bool:
    try:
        return path.suffix == ".py" and bool(_IMPORTS_HARNESS.search(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


def _line(path: Path, error: BaseException) -> int:
    """Return the last line of the file that was reached, or the one that can't be parsed."""
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if Path(frame.filename) == path), 0)
