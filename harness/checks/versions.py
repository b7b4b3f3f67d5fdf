"""Whether what a row was found at is a version that it may have: the last acknowledged, or one that may follow it.

Source: Herlihy and Wing, "Linearizability" (1990): what a register may answer while writes overlap the read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.checks.keys import BEFORE, Written, distinct
from harness.history import ABSENT, DAMAGED, Operations, Readback, Result
from harness.kind import Kind

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
_VERSION_BITS = 31


@dataclass(frozen=True, eq=False)
class Versions:
    """Every version of a key that was or may have been written, by key, then version; arrays of shape (v,).

    done_ns is FOREVER for an unknown write, which may land at any time. `deleted` holds the keys that a delete was or
    may have been applied to, ascending.
    """

    key: Ints
    version: Ints
    sent_ns: Ints
    done_ns: Ints
    acked: Mask
    deleted: Ints

    def __len__(self) -> int:
        return len(self.key)

    def find(self, keys: Ints, versions: Ints) -> tuple[Ints, Mask]:
        """Return where each (key, version) is, and whether it is there at all; shape (n,)."""
        if not len(self):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.bool_)
        known = (keys >= 0) & (keys <= self.key[-1]) & (versions >= 0)
        code = _code(np.where(known, keys, 0), np.where(known, versions, 0))
        at = np.minimum(np.searchsorted(_code(self.key, self.version), code), len(self) - 1)
        return at, known & (self.key[at] == keys) & (self.version[at] == versions)


def versions_of(written: Written) -> Versions:
    """Gather them from the writes."""
    at = np.flatnonzero(written.kind != Kind.DELETE)
    at = at[np.lexsort((written.version[at], written.key[at]))]
    return Versions(
        written.key[at],
        written.version[at],
        written.sent_ns[at],
        written.done_ns[at],
        written.acked[at],
        distinct(written.key[written.kind == Kind.DELETE]),
    )


@dataclass(frozen=True, eq=False)
class RowFlaws:
    """What is wrong with rows that were read; masks of shape (n,), none overlaps another."""

    stale: Mask
    unwritten: Mask
    damaged: Mask


def rows_read(read: Readback, versions: Versions, rows: int) -> RowFlaws:
    """Compare the versions of a Strong read, after everything, with those written; loaded rows have version 1.

    Stale: another write of the key was acknowledged that had been sent after this one had ended. Unwritten: nobody
    tried to write that version of the key.
    """
    keys, found = read.keys, read.versions.astype(np.int64)
    damaged = found == DAMAGED
    at, known = versions.find(keys, found)
    loaded = (keys >= 0) & (keys < rows) & (found == 1)
    stale = np.zeros(len(keys), np.bool_)
    stale[known] = _superseded(versions)[at[known]]
    return RowFlaws(stale=stale & ~damaged, unwritten=~known & ~loaded & ~damaged, damaged=damaged)


def _superseded(versions: Versions) -> Mask:
    """Return which versions ended before an acknowledged one of their key was sent; shape (v,)."""
    if not len(versions):
        return np.zeros(0, np.bool_)
    starts = np.flatnonzero(np.concatenate(([True], versions.key[1:] != versions.key[:-1])))
    last_sent = np.maximum.reduceat(np.where(versions.acked, versions.sent_ns, BEFORE), starts)
    group = np.cumsum(np.concatenate(([0], versions.key[1:] != versions.key[:-1])))
    superseded: Mask = versions.done_ns < last_sent[group]
    return superseded


def reads_by_key(operations: Operations, versions: Versions) -> tuple[Ints, RowFlaws]:
    """Judge the reads that were answered, each by what had been acknowledged when it was sent.

    Returns their indexes, shape (r,), and their flaws. Not finding a row is stale where a write of it was
    acknowledged before, unless it was ever to be deleted. Another key's row is no answer, whatever its version.
    """
    at = np.flatnonzero((operations.kind == Kind.READ) & (operations.outcome == Result.OK))
    keys, found = operations.key[at], operations.version[at]
    place, known = versions.find(keys, found)
    late = np.zeros(len(at), np.bool_)
    late[known] = versions.sent_ns[place[known]] > operations.done_ns[at][known]
    needed_ns = np.full(len(at), BEFORE, np.int64)
    for mine, sent_ns in _acknowledged_before(keys, operations.sent_ns[at], versions):
        needed_ns[mine] = sent_ns
    stale = (found == ABSENT) & (needed_ns > BEFORE) & ~np.isin(keys, versions.deleted)
    stale[known] |= versions.done_ns[place[known]] < needed_ns[known]
    damaged = found == DAMAGED
    hits = operations.hits[at]
    foreign = ((hits != -1) & (hits != keys[:, None])).any(axis=1)
    unwritten = ((~known & (found != ABSENT)) | late | foreign) & ~damaged
    return at, RowFlaws(stale=stale & ~unwritten, unwritten=unwritten, damaged=damaged)


def _acknowledged_before(keys: Ints, sent_ns: Ints, versions: Versions) -> Iterator[tuple[Ints, Ints]]:
    """Yield, key by key, its reads and when the latest of the writes acknowledged before each had been sent."""
    for key in distinct(keys):
        mine = np.flatnonzero(keys == key)
        first, last = np.searchsorted(versions.key, (key, key + 1))
        acked = first + np.flatnonzero(versions.acked[first:last])
        acked = acked[np.argsort(versions.done_ns[acked], kind="stable")]
        latest = np.concatenate(([BEFORE], np.maximum.accumulate(versions.sent_ns[acked])))
        yield mine, latest[np.searchsorted(versions.done_ns[acked], sent_ns[mine])]


def _code(keys: Ints, versions: Ints) -> Ints:
    return (keys << _VERSION_BITS) | versions
