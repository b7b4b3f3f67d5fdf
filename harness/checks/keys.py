"""What the operations say of each key ever written: when it was tried, acknowledged and settled.

Source: docs/measuring.md: outcome, and the acknowledged and unknown writes that its figures of data rest on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.history import Operations, Result
from harness.kind import WRITES, Kind

FOREVER = int(np.iinfo(np.int64).max)
BEFORE = -1  # earlier than any time on the clock


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys ascending and each once; by sorting, since numpy's hashing is slow on nearly sorted keys."""
    ordered = np.sort(keys)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(ordered) else ordered


@dataclass(frozen=True, eq=False)
class Written:
    """One row per (write, key) that was or may have been applied: not those that failed or were never sent.

    A failed write was definitely not applied, so it counts as never attempted. An unknown one ends at FOREVER:
    it may still land.
    """

    key: NDArray[np.int64]
    kind: NDArray[np.uint8]
    version: NDArray[np.int64]
    sent_ns: NDArray[np.int64]
    done_ns: NDArray[np.int64]
    acked: NDArray[np.bool_]


def written(operations: Operations) -> Written:
    """Expand the writes' key ranges to one row per key."""
    tried = np.isin(operations.outcome, (Result.OK, Result.UNKNOWN))
    at = np.flatnonzero(np.isin(operations.kind, WRITES) & tried & (operations.key_count > 0))
    counts = operations.key_count[at].astype(np.int64)
    starts = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum())) - np.repeat(starts, counts)
    row = np.repeat(at, counts)
    acked = operations.outcome[row] == Result.OK
    sent = operations.sent_ns[row]
    return Written(
        key=operations.key[row] + within,
        kind=operations.kind[row],
        version=operations.version[row],
        sent_ns=np.where(sent >= 0, sent, operations.intended_ns[row]),
        done_ns=np.where(acked, operations.done_ns[row], FOREVER),
        acked=acked,
    )


@dataclass(frozen=True, eq=False)
class KeyTimes:
    """Moments of every key in `keys` (ascending, w of them), each of shape (w,), in ns.

    FOREVER in a `first` stands for never, BEFORE in a `last` likewise. A loaded row's insert lies BEFORE all. An
    upsert counts as an insert; `upserted` marks the keys that had one.
    """

    keys: NDArray[np.int64]
    upserted: NDArray[np.bool_]
    insert_first_sent: NDArray[np.int64]
    insert_first_acked: NDArray[np.int64]
    insert_last_acked_sent: NDArray[np.int64]
    insert_last_ended: NDArray[np.int64]
    delete_first_sent: NDArray[np.int64]
    delete_last_acked_sent: NDArray[np.int64]
    delete_last_acked: NDArray[np.int64]
    delete_last_ended: NDArray[np.int64]

    @property
    def settled_absent(self) -> NDArray[np.bool_]:
        """Keys with an acknowledged delete that was sent after every insert had ended; shape (w,)."""
        absent: NDArray[np.bool_] = self.delete_last_acked_sent > self.insert_last_ended
        return absent

    @property
    def settled_present(self) -> NDArray[np.bool_]:
        """Keys with an acknowledged insert and no delete, or one sent after every delete had ended; shape (w,)."""
        acked = self.insert_first_acked < FOREVER
        undeleted = self.delete_first_sent == FOREVER
        present: NDArray[np.bool_] = acked & (undeleted | (self.insert_last_acked_sent > self.delete_last_ended))
        return present


def key_times(operations: Operations, rows: int) -> KeyTimes:
    """Gather the moments of every key that was written; keys below `rows` were loaded beforehand."""
    w = written(operations)
    keys, at = np.unique(w.key, return_inverse=True)
    delete = w.kind == Kind.DELETE
    insert, upserted = ~delete, np.zeros(len(keys), dtype=np.bool_)
    upserted[at[w.kind == Kind.UPSERT]] = True

    def first(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        out = np.full(len(keys), FOREVER, dtype=np.int64)
        np.minimum.at(out, at[mask], values[mask])
        return out

    def last(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        out = np.full(len(keys), BEFORE, dtype=np.int64)
        np.maximum.at(out, at[mask], values[mask])
        return out

    loaded = keys < rows
    return KeyTimes(
        keys=keys,
        upserted=upserted,
        insert_first_sent=np.where(loaded, BEFORE, first(w.sent_ns, insert)),
        insert_first_acked=np.where(loaded, BEFORE, first(w.done_ns, insert & w.acked)),
        insert_last_acked_sent=last(w.sent_ns, insert & w.acked),
        insert_last_ended=last(w.done_ns, insert),
        delete_first_sent=first(w.sent_ns, delete),
        delete_last_acked_sent=last(w.sent_ns, delete & w.acked),
        delete_last_acked=last(w.done_ns, delete & w.acked),
        delete_last_ended=last(w.done_ns, delete),
    )


@dataclass(frozen=True, eq=False)
class Lives:
    """When each written key may and must answer a search, in ns; arrays of shape (w,), keys ascending.

    It may from its insert's sending until the delete's effect is certain; it must between the insert's and the
    delete's certain effect, and never where upserts replace it. Certain is `staleness` after the acknowledgement,
    since searches with Bounded consistency may lag that far (Milvus: common.gracefulTime).
    """

    keys: NDArray[np.int64]
    may_from_ns: NDArray[np.int64]
    may_until_ns: NDArray[np.int64]
    must_from_ns: NDArray[np.int64]
    must_until_ns: NDArray[np.int64]


def lives(times: KeyTimes, staleness_ns: int) -> Lives:
    """Derive from a key's moments when it may and when it must be found."""
    gone = np.where(times.settled_absent, times.delete_last_acked, FOREVER)
    return Lives(
        keys=times.keys,
        may_from_ns=times.insert_first_sent,
        may_until_ns=_later(gone, staleness_ns),
        must_from_ns=np.where(times.upserted, FOREVER, _later(times.insert_first_acked, staleness_ns)),
        must_until_ns=times.delete_first_sent,
    )


def _later(moments: NDArray[np.int64], by_ns: int) -> NDArray[np.int64]:
    return np.where(moments == FOREVER, FOREVER, np.minimum(moments, FOREVER - by_ns) + by_ns)
