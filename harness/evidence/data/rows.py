"""What was acknowledged against what is there: lost, resurrected, stale, phantom, duplicate, damaged, flipped.

Source: Jepsen's set-full checker, and its operations of unknown outcome (:info), which may have happened or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.checks.keys import FOREVER, KeyTimes, distinct, key_times
from harness.checks.versions import Versions, rows_read
from harness.history import History, Operations, Readback, Result
from harness.kind import WRITES
from harness.ledger import Ledger
from harness.verdict import Finding

# How many keys a finding names; its count is of all.
NAMED = 10
# Rows looked at together: bounds the memory.
AT_ONCE = 1_000_000

Keys = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Violations:
    """Keys by what is wrong with them, ascending, each confirmed by both reads; `flipped` differ between them.

    `phantom` holds keys that nobody wrote, and those found at a version that nobody wrote. `duplicate` holds keys
    read more than once in both reads; `duplicate_rows` also counts what only count(*) shows.
    """

    lost: Keys
    resurrected: Keys
    stale: Keys
    phantom: Keys
    duplicate: Keys
    damaged: Keys
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
    untouched = np.ones(rows, dtype=np.bool_)
    untouched[times.keys[times.keys < rows]] = False
    present = np.concatenate([np.flatnonzero(untouched), times.keys[written_present]])
    present.sort()
    return Ledger(
        present=present,
        absent=times.keys[written_absent],
        either=times.keys[attempted & ~written_absent & ~written_present],
    )


def violations(ledger: Ledger, versions: Versions, rows: int, first: Readback, second: Readback) -> Violations:
    """Compare two reads with what was written; `rows` were loaded beforehand.

    What only one of the reads shows, or each at another version, is flipped, whatever the ledger says of it: also a
    write of unknown outcome is either there or not (docs/measuring.md: data). A range of keys at a time, which bounds
    the memory beside what is given.
    """
    one, other = _ascending(first), _ascending(second)
    edges = distinct(np.concatenate([keys[::AT_ONCE] for keys in (ledger.present, one.keys, other.keys)])).tolist()
    parts = [
        _violations(
            Ledger(*(keys[_within(keys, span)] for keys in (ledger.present, ledger.absent, ledger.either))),
            versions,
            rows,
            _part(one, span),
            _part(other, span),
        )
        for span in zip([None, *edges], [*edges, None], strict=True)
    ]
    return Violations(
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        duplicate_rows=min(_surplus(one), _surplus(other)),
    )


def _within(keys: Keys, span: tuple[int | None, int | None]) -> slice:
    """Return where ascending keys lie in [begin, end); None is open."""
    begin, end = (None if edge is None else int(np.searchsorted(keys, edge)) for edge in span)
    return slice(begin, end)


def _part(read: Readback, span: tuple[int | None, int | None]) -> Readback:
    rows = _within(read.keys, span)
    return replace(read, keys=read.keys[rows], versions=read.versions[rows])


def _ascending(read: Readback) -> Readback:
    if np.all(read.keys[1:] >= read.keys[:-1]):
        return read
    order = np.argsort(read.keys, kind="stable")
    return replace(read, keys=read.keys[order], versions=read.versions[order])


def _violations(ledger: Ledger, versions: Versions, rows: int, first: Readback, second: Readback) -> dict[str, Keys]:
    here, there = distinct(first.keys), distinct(second.keys)
    both = np.intersect1d(here, there, assume_unique=True)
    known = np.concatenate([ledger.present, ledger.absent, ledger.either])
    one, other = rows_read(first, versions, rows), rows_read(second, versions, rows)

    def confirmed(in_first: NDArray[np.bool_], in_second: NDArray[np.bool_]) -> Keys:
        return np.intersect1d(distinct(first.keys[in_first]), distinct(second.keys[in_second]), assume_unique=True)

    unwritten = np.union1d(np.setdiff1d(both, known, assume_unique=True), confirmed(one.unwritten, other.unwritten))
    changed = _versions_at(first, both) != _versions_at(second, both)
    return {
        "lost": np.setdiff1d(ledger.present, distinct(np.concatenate([here, there])), assume_unique=True),
        "resurrected": np.intersect1d(ledger.absent, both, assume_unique=True),
        "stale": confirmed(one.stale, other.stale),
        "phantom": np.setdiff1d(unwritten, ledger.absent, assume_unique=True),
        "duplicate": np.intersect1d(_repeated(first.keys), _repeated(second.keys), assume_unique=True),
        "damaged": confirmed(one.damaged, other.damaged),
        "flipped": np.union1d(np.setxor1d(here, there, assume_unique=True), both[changed]),
    }


def _versions_at(read: Readback, keys: Keys) -> NDArray[np.int32]:
    """Return the highest version that keys, all of them read, were read at."""
    order = np.lexsort((read.versions, read.keys))
    return read.versions[order][np.searchsorted(read.keys[order], keys, side="right") - 1]


def _repeated(keys: Keys) -> Keys:
    each, counts = np.unique(keys, return_counts=True)
    return each[counts > 1]


def _surplus(read: Readback) -> int:
    """Return how far what was read, ascending, or counted is from the distinct keys; a count too low is as wrong."""
    apart = int(np.count_nonzero(np.diff(read.keys))) + bool(len(read.keys))
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
        ("stale", found.stale, len(found.stale), "in both reads, at a version older than the last acknowledged"),
        ("phantom", found.phantom, len(found.phantom), "in both reads, yet never written like that"),
        ("duplicate", found.duplicate, found.duplicate_rows, _counted(reads)),
        ("damaged", found.damaged, len(found.damaged), "in both reads, with fields that do not belong together"),
        ("flipped", found.flipped, len(found.flipped), "in one of the two reads only, or at different versions"),
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
    at = np.flatnonzero(np.isin(operations.kind, WRITES) & (operations.outcome != Result.NEVER_SENT))
    begin, end = operations.key[at], operations.key[at] + operations.key_count[at]
    named = np.zeros(len(at), dtype=np.bool_)
    for key in keys[:NAMED]:
        named |= (begin <= key) & (key < end)
    return tuple(int(op) for op in operations.op_id[at[named]])
