"""What of an outage may be due to the way in to Milvus and not to Milvus itself. It informs; no verdict rests on it.

Source: docs/measuring.md: bad_s, held against what the way in told of itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.checks.answers import Answers
from harness.checks.recovery import bad_bins
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Span, windows
from harness.history import NS_PER_S, Event, EventKind, History
from harness.kind import Kind


@dataclass(frozen=True)
class WayIn:
    """The way in over the judged window (Windows.judged), by its name.

    `bad` are the bins that bad_s counts, `overlapping` those of them in which the way in was broken for a while.
    """

    name: str
    broken_s: float
    bad: int
    overlapping: int


def way_in(history: History, thresholds: Thresholds, answered: Answers) -> WayIn | None:
    """Hold the bad seconds of searches against the way in; None where nothing was told of it.

    `answered` is `answers` of the same history and thresholds.
    """
    told = list(history.of(EventKind.WAY_IN))
    if not told:
        return None
    begin_ns, end_ns = windows(history).judged
    broken = broken_spans(told, begin_ns, end_ns)
    searches = answered.stream(Kind.SEARCH)
    bad = np.flatnonzero(bad_bins(searches, begin_ns, end_ns, thresholds))
    bins = [begin_ns + at * thresholds.bin_ns for at in bad.tolist()]
    return WayIn(
        name=told[0].name,
        broken_s=sum(end - begin for begin, end in broken) / NS_PER_S,
        bad=len(bins),
        overlapping=sum(_meets((at, at + thresholds.bin_ns), broken) for at in bins),
    )


def broken_spans(told: Iterable[Event], begin_ns: int, end_ns: int) -> tuple[Span, ...]:
    """Return when the way in was broken, within [begin_ns, end_ns): until it was next open, else to the end."""
    found: list[Span] = []
    since: int | None = None
    for event in told:
        if event.what == "broken":
            since = event.t_ns if since is None else since
        elif since is not None:
            found.append((since, event.t_ns))
            since = None
    found += [] if since is None else [(since, end_ns)]
    cut = ((max(begin, begin_ns), min(end, end_ns)) for begin, end in found)
    return tuple((begin, end) for begin, end in cut if begin < end)


def _meets(one: Span, others: Iterable[Span]) -> bool:
    return any(begin < one[1] and one[0] < end for begin, end in others)
