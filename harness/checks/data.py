"""What was acknowledged against what is there: lost, resurrected, phantom, duplicate and flipped rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.checks.keys import FOREVER, KeyTimes, distinct, key_times
from harness.history import History, Kind, Operations, Outcome, Readback
from harness.ledger import Ledger
from harness.verdict import Finding

# How many keys a finding names; its count is of all.
NAMED = 10

Keys = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Violations:
    """Keys by what is wrong with them, ascending, each confirmed by both reads; `flipped` differ between them.

    `duplicate` holds keys read more than once in both reads; `duplicate_rows` also counts what only count(*) shows.
    """

    lost: Keys
    resurrected: Keys
    phantom: Keys
    duplicate: Keys
    flipped: Keys
    duplicate_rows: int


def ledger_of(operations: Operations, rows: int) -> Ledger:
    """Return what must be true of every key after all operations; see `ledger`."""
    return ledger(key_times(operations, rows), rows)


def ledger(times: KeyTimes, rows: int) -> Ledger:
    """Sort the keys by what must be true of them once everything has settled.

    Present: loaded, or an acknowledged insert, and no delete that was or may have been applied since. Absent: an
    acknowledged delete that was sent after every insert of the key had ended. Either: touched by an unknown write
    that decides (a timed-out insert may land even after a delete's acknowledgement), or by an insert and a delete
    at the same time. A failed write was definitely not applied: a key that only failed inserts name is in none,
    so its appearance is a phantom, and a failed delete leaves its key present.
    """
    written_absent = times.settled_absent
    written_present = times.settled_present & ~written_absent
    attempted = times.insert_first_sent < FOREVER
    untouched = np.setdiff1d(np.arange(rows, dtype=np.int64), times.keys, assume_unique=True)
    return Ledger(
        present=np.sort(np.concatenate([untouched, times.keys[written_present]])),
        absent=times.keys[written_absent],
        either=times.keys[attempted & ~written_absent & ~written_present],
    )


def violations(ledger: Ledger, first: Readback, second: Readback) -> Violations:
    """Compare two reads with the ledger.

    What only one of the reads shows is flipped, whatever the ledger says of it: also a write of unknown outcome
    is either there or not (docs/measuring.md: data).
    """
    here, there = distinct(first.keys), distinct(second.keys)
    both = np.intersect1d(here, there, assume_unique=True)
    known = np.concatenate([ledger.present, ledger.absent, ledger.either])
    return Violations(
        lost=np.setdiff1d(ledger.present, distinct(np.concatenate([here, there])), assume_unique=True),
        resurrected=np.intersect1d(ledger.absent, both, assume_unique=True),
        phantom=np.setdiff1d(both, known, assume_unique=True),
        duplicate=np.intersect1d(_repeated(first.keys), _repeated(second.keys), assume_unique=True),
        flipped=np.setxor1d(here, there, assume_unique=True),
        duplicate_rows=min(_surplus(first), _surplus(second)),
    )


def _repeated(keys: Keys) -> Keys:
    distinct, counts = np.unique(keys, return_counts=True)
    return distinct[counts > 1]


def _surplus(read: Readback) -> int:
    """Return how far what was read or counted is from the distinct keys; a count too low is as wrong."""
    apart = len(distinct(read.keys))
    return max(len(read.keys) - apart, abs(read.count - apart))


def read_pair(history: History) -> tuple[Readback, Readback] | None:
    """Return the first and the last read of everything, None where there were not two."""
    reads = sorted(history.readbacks, key=lambda r: r.t_ns)
    return (reads[0], reads[-1]) if len(reads) > 1 else None


def findings(found: Violations, operations: Operations, reads: tuple[Readback, Readback]) -> tuple[Finding, ...]:
    """Name each kind of violation with its first keys and the operations that wrote them."""
    told = (
        ("lost", found.lost, len(found.lost), "acknowledged and not deleted, yet absent from both reads"),
        ("resurrected", found.resurrected, len(found.resurrected), "deleted and acknowledged, yet in both reads"),
        ("phantom", found.phantom, len(found.phantom), "in both reads, yet never written by an insert that may hold"),
        ("duplicate", found.duplicate, found.duplicate_rows, _counted(reads)),
        ("flipped", found.flipped, len(found.flipped), "in one of the two reads only"),
    )
    return tuple(
        Finding(check, f"{count} {'row' if count == 1 else 'rows'} {why}", count, _named(keys), _ops(keys, operations))
        for check, keys, count, why in told
        if count
    )


def _counted(reads: tuple[Readback, Readback]) -> str:
    counts = " and ".join(f"{r.count} against {len(distinct(r.keys))}" for r in reads)
    return f"apart: count(*) against distinct keys was {counts}"


def _named(keys: Keys) -> tuple[int, ...]:
    return tuple(int(key) for key in keys[:NAMED])


def _ops(keys: Keys, operations: Operations) -> tuple[int, ...]:
    """Return the writes that named any of the first keys, never sent ones left out."""
    at = np.flatnonzero((operations.kind != Kind.SEARCH) & (operations.outcome != Outcome.NEVER_SENT))
    begin, end = operations.key[at], operations.key[at] + operations.key_count[at]
    named = np.zeros(len(at), dtype=np.bool_)
    for key in keys[:NAMED]:
        named |= (begin <= key) & (key < end)
    return tuple(int(op) for op in operations.op_id[at[named]])
