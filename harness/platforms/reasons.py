"""Why a program ended, out of what it wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What each kind of log says when it gives up, most telling first.
_REASONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"no space left on device",
        r"address already in use|Failed to listen",
        r"exec format error|cannot execute binary",
        r"error while loading shared libraries|not found \(required by",
        r"out of memory|cannot allocate memory|OutOfMemoryError",
        r"permission denied",
        r"panic:|\[PANIC\]|\[FATAL\]|\bfatal\b",
        r"\[ERROR\]|\bERROR\b|Exception",
    )
)
_MENDS = {
    0: "free some disk space, or move the cluster with HARNESS_HOME",
    1: "another process took the port: try again",
    2: "use a server built for this machine's CPU",
    4: "free some memory (harness status shows what clusters use)",
}


def telling(lines: Sequence[str]) -> tuple[str, str] | None:
    """Return the most telling line of a log's end and what to do about it; None where none tells anything."""
    for number, reason in enumerate(_REASONS):
        for line in reversed(lines):
            if reason.search(line):
                return line.strip()[:300], _MENDS.get(number, "read the log")
    return None
