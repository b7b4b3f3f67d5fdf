"""Names of folders: readable, safe on every file system, and never one that is taken."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import BadInput

_MAX_NAMESAKES = 1000
# A selection may list every scenario there is; file systems take 255 bytes, some tools' paths less than 300 in all.
_MAX_CHARACTERS = 64


def make_folder(parent: Path, name: str) -> Path:
    """Make parent/name, or parent/name-2 and so on where that is taken: two runs may begin in one second."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MAX_NAMESAKES):
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise BadInput(f"{_MAX_NAMESAKES} folders of this name", where=str(parent / name), mend="remove some of them")


def slug(text: str) -> str:
    """Return what a name becomes as a folder: at most 64 lower case letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:_MAX_CHARACTERS].rstrip("-.") or "run"
