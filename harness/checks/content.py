"""Whether an answer can be right at all: min(k, live) unique live hits, nearest first; the row as last written.

Source: docs/measuring.md: good.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from harness.checks.keys import FOREVER, Lives
from harness.checks.versions import Versions, reads_by_key
from harness.history import Operations, Result
from harness.kind import SEARCHES

# Rows looked at together: bounds the memory without costing speed.
CHUNK = 65_536


class Flaw(IntFlag):
    """What is wrong with an answer; 0 is valid."""

    COUNT = 1  # fewer or more than min(k, live) hits
    REPEATED = 2  # the same key twice
    DISORDERED = 4  # a hit nearer than the one before it, or without a distance
    NOT_LIVE = 8  # a key, or a version of it, that cannot be there at that moment
    STALE = 16  # a read that missed an acknowledged write
    DAMAGED = 32  # a row whose fields do not belong together


def invalid(flaws: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which answers have content that no state of the rows explains; a stale one was right once. Shape (n,)."""
    found: NDArray[np.bool_] = (flaws & ~np.uint8(Flaw.STALE)) > 0
    return found


def answered(operations: Operations) -> NDArray[np.bool_]:
    """Return the searches that got an answer, good or not; shape (n,)."""
    found: NDArray[np.bool_] = np.isin(operations.kind, SEARCHES) & (operations.outcome == Result.OK)
    return found


def chunks(at: NDArray[np.int64], size: int = CHUNK) -> Iterator[NDArray[np.int64]]:
    """Yield the indices `at` a few at a time."""
    for begin in range(0, len(at), size):
        yield at[begin : begin + size]


def content_flaws(operations: Operations, lives: Lives, *, rows: int, k: int) -> NDArray[np.uint8]:
    """Return the flaws of each answered search (Flaw, 0 elsewhere); shape (n,).

    An empty success is a flaw like any other (docs/measuring.md: good).
    """
    flaws = np.zeros(len(operations), dtype=np.uint8)
    for at in chunks(np.flatnonzero(answered(operations))):
        hits = operations.hits[at]
        fewest, most = _live_bounds(operations.sent_ns[at], operations.done_ns[at], lives, rows)
        count = (hits != -1).sum(axis=1)
        wrong_count = (count < np.minimum(k, fewest)) | (count > np.minimum(k, most))
        flaws[at] |= np.where(wrong_count, Flaw.COUNT, 0).astype(np.uint8)
        flaws[at] |= np.where(_repeated(hits), Flaw.REPEATED, 0).astype(np.uint8)
        flaws[at] |= np.where(_disordered(hits, operations.distances[at]), Flaw.DISORDERED, 0).astype(np.uint8)
        dead = _not_live(hits, operations.sent_ns[at], operations.done_ns[at], lives, rows)
        flaws[at] |= np.where(dead, Flaw.NOT_LIVE, 0).astype(np.uint8)
    return flaws


def read_flaws(operations: Operations, versions: Versions) -> NDArray[np.uint8]:
    """Return the flaws of each answered read (Flaw, 0 elsewhere); shape (n,)."""
    flaws = np.zeros(len(operations), dtype=np.uint8)
    at, found = reads_by_key(operations, versions)
    for mask, flaw in ((found.stale, Flaw.STALE), (found.unwritten, Flaw.NOT_LIVE), (found.damaged, Flaw.DAMAGED)):
        flaws[at[mask]] |= np.uint8(flaw)
    return flaws


def _live_bounds(
    sent_ns: NDArray[np.int64], done_ns: NDArray[np.int64], lives: Lives, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the fewest and the most rows that can be live during each search, each of shape (n,)."""
    added = lives.keys >= rows
    begun = np.sort(lives.must_from_ns[added])
    ended = np.sort(lives.must_until_ns[(lives.must_from_ns < FOREVER) & (lives.must_until_ns < FOREVER)])
    fewest = np.searchsorted(begun, sent_ns, side="right") - np.searchsorted(ended, done_ns, side="right")
    may_begin = np.sort(lives.may_from_ns[added])
    may_end = np.sort(lives.may_until_ns[lives.may_until_ns < FOREVER])
    most = np.searchsorted(may_begin, done_ns, side="right") - np.searchsorted(may_end, sent_ns, side="right")
    return np.maximum(0, rows + fewest), np.maximum(0, rows + most)


def _repeated(hits: NDArray[np.int64]) -> NDArray[np.bool_]:
    ordered = np.sort(hits, axis=1)
    found: NDArray[np.bool_] = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != -1)).any(axis=1)
    return found


def _disordered(hits: NDArray[np.int64], distances: NDArray[np.float32]) -> NDArray[np.bool_]:
    filled = hits != -1
    gap = filled[:, 1:] & ~filled[:, :-1]
    nearer = filled[:, 1:] & (distances[:, 1:] < distances[:, :-1])
    found: NDArray[np.bool_] = (gap | nearer).any(axis=1) | (filled & np.isnan(distances)).any(axis=1)
    return found


def _not_live(
    hits: NDArray[np.int64], sent_ns: NDArray[np.int64], done_ns: NDArray[np.int64], lives: Lives, rows: int
) -> NDArray[np.bool_]:
    """Return the searches with a hit that is neither loaded nor possibly inserted by then, or surely deleted."""
    written_below = bool(len(lives.keys)) and lives.keys[0] < rows
    odd = hits != -1 if written_below else (hits >= rows) | (hits < -1)
    row, column = np.nonzero(odd)
    key = hits[row, column]
    may = may_be_live(key, sent_ns[row], done_ns[row], lives, rows)
    found = np.zeros(len(hits), dtype=np.bool_)
    found[row[~may]] = True
    return found


def may_be_live(
    key: NDArray[np.int64], sent_ns: NDArray[np.int64], done_ns: NDArray[np.int64], lives: Lives, rows: int
) -> NDArray[np.bool_]:
    """Return whether each key can be found by a search of that time; all of shape (h,)."""
    loaded = (key >= 0) & (key < rows)
    if not len(lives.keys):
        return loaded
    at = np.minimum(np.searchsorted(lives.keys, key), len(lives.keys) - 1)
    known = lives.keys[at] == key
    now = (lives.may_from_ns[at] <= done_ns) & (lives.may_until_ns[at] > sent_ns)
    return np.where(known, now, loaded)
