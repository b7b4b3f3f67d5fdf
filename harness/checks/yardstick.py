"""What the machine did by itself, before the cluster was there and at the end: did it stay the same machine?

Source: harness.load.yardstick, for what is read; docs/measuring.md, a run counts only if.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness.checks.thresholds import Thresholds
from harness.history import EventKind, History
from harness.verdict import Validity

WORDS = {"client": "the client's own round trip", "search": "an exact search", "fsync": "an fsync", "start": "a start"}


def readings(history: History) -> tuple[Mapping[str, float], ...]:
    """Return each reading, oldest first: milliseconds by part."""
    told = history.of(EventKind.MACHINE, name="yardstick", what="read")
    return tuple({part: float(ms) for part, ms in event.detail.items() if part in WORDS} for event in told)


def slower(history: History) -> Mapping[str, float]:
    """Return the slower of the readings of each part, in milliseconds; empty where nothing was read."""
    read = readings(history)
    return {part: max(one[part] for one in read) for part in WORDS if read}


def same_machine(history: History, thresholds: Thresholds, parts: Collection[str]) -> Iterator[Validity]:
    """Yield whether the parts that a limit rests on were read alike before and after; nothing of a lone reading."""
    read = readings(history)
    if len(read) < 2:
        return
    before, after = read[0], read[-1]
    for part in parts:
        low, high = sorted((before[part], after[part]))
        yield Validity(
            f"Yardstick: {WORDS[part]}, before and after",
            f"{before[part]:.3g} ms and {after[part]:.3g} ms",
            f"within {thresholds.yardstick_ratio_max:g} times (else the machine changed)",
            ok=high <= thresholds.yardstick_ratio_max * low,
        )
