"""What the machine did by itself, before the cluster was there and at the end. Source: harness.load.yardstick."""

from __future__ import annotations

from collections.abc import Mapping

from harness.events import YardstickRead, said
from harness.history import History

WORDS = {"client": "the client's own round trip", "search": "an exact search", "fsync": "an fsync", "start": "a start"}


def readings(history: History) -> tuple[Mapping[str, float], ...]:
    """Return each reading, oldest first: milliseconds by part."""
    return tuple({part: getattr(one.value, part) for part in WORDS} for one in said(history.events, YardstickRead))


def slower(history: History) -> Mapping[str, float]:
    """Return the slower of the readings of each part, in milliseconds; empty where nothing was read."""
    read = readings(history)
    return {part: max(one[part] for one in read) for part in WORDS if read}
