"""What is asked of the cluster and when: fixed before the first operation, whatever the cluster then does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.history import NS_PER_S, Kind
from harness.load.randomness import generator
from harness.plan.specs import TrafficSpec

FIRST_INSERT_KEY = 1_000_000_000  # far above the keys of the loaded rows
MIN_AGE_S = 10.0  # between an insert and its delete: longer than Bounded consistency's lag of 5 s
SCHEDULE_FILE, QUERIES_FILE, INSERTS_FILE = "schedule.arrow", "queries.npy", "inserts.npy"
_FORMAT = b"1"
_LONGEST_S = 1_000_000.0
_SLOTS = {Kind.SEARCH: 0, Kind.INSERT: 1, Kind.DELETE: 2}


@dataclass(frozen=True, eq=False)
class Schedule:
    """n operations in order of intended start; arrays of shape (n,).

    offset_ns counts from the start of the load. query is -1 for writes; key is -1 and key_count 0 for searches;
    a write covers the keys [key, key + key_count).
    """

    op_id: NDArray[np.int64]
    kind: NDArray[np.uint8]
    offset_ns: NDArray[np.int64]
    query: NDArray[np.int32]
    key: NDArray[np.int64]
    key_count: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.op_id)

    @property
    def insert_keys(self) -> NDArray[np.int64]:
        """Every key that may be inserted, ascending, shape (w,)."""
        rows = int(self.key_count[self.kind == Kind.INSERT].sum())
        return np.arange(FIRST_INSERT_KEY, FIRST_INSERT_KEY + rows, dtype=np.int64)


def make_schedule(traffic: TrafficSpec, seconds: float, queries: int, seed: int) -> Schedule:
    """Lay out an open loop over `seconds`: constant spacing per kind, kinds apart, the same for the same seed.

    Queries are asked in turn, in a seeded order, so that each is asked equally often. Every insert takes fresh
    keys from FIRST_INSERT_KEY up; every delete takes one insert's keys, the oldest first, once and not before
    MIN_AGE_S: where there is none yet, its place stays empty.
    """
    if not 0 < seconds <= _LONGEST_S:
        raise BadInput(
            f"seconds is {seconds}", where="traffic, seconds", mend=f"use a number above 0, up to {_LONGEST_S:g}"
        )
    random = generator(seed, "schedule")
    rates = {Kind.SEARCH: traffic.search_rate, Kind.INSERT: traffic.insert_rate, Kind.DELETE: traffic.delete_rate}
    times = {kind: _times(rates, kind, seconds, random.random(2)) for kind in Kind}
    order = random.permutation(queries)
    searches = order[np.arange(len(times[Kind.SEARCH])) % queries]
    times[Kind.DELETE], deleted = _deletable(times[Kind.INSERT], times[Kind.DELETE])
    batches = {Kind.INSERT: np.arange(len(times[Kind.INSERT])), Kind.DELETE: deleted}
    return _merged(times, searches, batches, traffic.rows_per_insert)


def save_schedule(folder: Path, schedule: Schedule, queries: NDArray[np.float32], inserts: NDArray[np.float32]) -> None:
    """Write what the load process needs: the schedule, and the vectors of queries (q, dim) and inserts (w, dim)."""
    columns = {f.name: getattr(schedule, f.name) for f in fields(Schedule)}
    table = pa.table(columns).replace_schema_metadata({"format": _FORMAT})
    with pa.ipc.new_file(folder / SCHEDULE_FILE, table.schema) as file:
        file.write_table(table)
    np.save(folder / QUERIES_FILE, queries)
    np.save(folder / INSERTS_FILE, inserts)


def load_schedule(folder: Path) -> Schedule:
    """Read a schedule back. Raises BadInput for a file that is missing, cut or of another format."""
    path = folder / SCHEDULE_FILE
    try:
        with pa.ipc.open_file(path) as file:
            table = file.read_all()
        if (table.schema.metadata or {}).get(b"format") != _FORMAT:
            mend = "read it with the harness that wrote it"
            raise BadInput("is a schedule of another format", where=str(path), mend=mend)
        return Schedule(*(table[f.name].to_numpy() for f in fields(Schedule)))
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise BadInput("is no schedule", where=str(path), mend="give the folder of a scenario's run") from error


def load_vectors(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read the vectors of the queries (q, dim) and of the inserts (w, dim). Raises BadInput where they are missing."""
    try:
        return np.load(folder / QUERIES_FILE), np.load(folder / INSERTS_FILE)
    except (OSError, ValueError) as error:
        raise BadInput(
            "has no vectors for the traffic", where=str(folder), mend="give the folder of a scenario's run"
        ) from error


def _times(rates: dict[Kind, float], kind: Kind, seconds: float, random: NDArray[np.float64]) -> NDArray[np.int64]:
    """Offsets in ns at the kind's rate; each kind keeps to its own third of the shortest interval.

    Where the rates are multiples of each other, no two operations then ever start together.
    """
    if not rates[kind]:
        return np.zeros(0, np.int64)
    shortest, interval = 1 / max(rates.values()), 1 / rates[kind]
    slot = (_SLOTS[kind] + random[0] / 2) / len(_SLOTS)
    phase = (slot + np.floor(random[1] * np.floor(interval / shortest))) * shortest
    steps = np.arange(np.ceil(max(0.0, seconds - phase) / interval))
    times: NDArray[np.int64] = np.round((phase + steps * interval) * NS_PER_S).astype(np.int64)
    return times


def _deletable(inserts: NDArray[np.int64], deletes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair deletes with the batches they remove, oldest first; return the deletes that have one, and its number."""
    taken = list(_pairs(inserts, deletes))
    times, batches = zip(*taken, strict=True) if taken else ((), ())
    return np.array(times, np.int64), np.array(batches, np.int64)


def _pairs(inserts: NDArray[np.int64], deletes: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    batch = 0
    for time in deletes.tolist():
        if batch < len(inserts) and inserts[batch] + MIN_AGE_S * NS_PER_S <= time:
            yield time, batch
            batch += 1


def _merged(
    times: dict[Kind, NDArray[np.int64]],
    searches: NDArray[np.int64],
    batches: dict[Kind, NDArray[np.int64]],
    rows: int,
) -> Schedule:
    kinds = np.concatenate([np.full(len(times[kind]), kind, np.uint8) for kind in Kind])
    queries = np.full(len(kinds), -1, np.int32)
    queries[kinds == Kind.SEARCH] = searches
    keys = np.full(len(kinds), -1, np.int64)
    for kind, batch in batches.items():
        keys[kinds == kind] = FIRST_INSERT_KEY + batch * rows
    offsets = np.concatenate([times[kind] for kind in Kind])
    order = np.lexsort((kinds, offsets))
    counts = np.where(kinds == Kind.SEARCH, 0, rows).astype(np.int32)
    op_ids = np.arange(len(kinds), dtype=np.int64)
    return Schedule(op_ids, kinds[order], offsets[order], queries[order], keys[order], counts[order])
