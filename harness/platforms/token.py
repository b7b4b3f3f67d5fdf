"""The token that a Milvus asks of clients, read from where no process list shows it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import BadInput


def read_token(file: str, *, where: str) -> str:
    """Return what a file holds, or without one $HARNESS_TOKEN; empty where there is neither. Errors: BadInput."""
    if not file:
        return os.environ.get("HARNESS_TOKEN", "")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"the token can't be read: {said}", where=f"{where} {file}", mend="give another file") from None
