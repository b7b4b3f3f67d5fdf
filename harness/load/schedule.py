"""What is asked of the cluster and when: fixed before the first operation, whatever the cluster then does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.history import NS_PER_S
from harness.kind import SEARCHES, Kind
from harness.load.randomness import generator
from harness.plan.specs import TrafficSpec

UPSERTED = 10  # rows that are upserted in turn: at 2/s each is older than the deadline when its turn comes
FIRST_UPSERT_KEY = 1_000_000_000  # far above the keys of the loaded rows
FIRST_INSERT_KEY = FIRST_UPSERT_KEY + UPSERTED
MIN_AGE_S = 10.0  # between an insert and its delete: longer than Bounded consistency's lag of 5 s
READ_AFTER_NS = NS_PER_S // 4  # of the upsert that is looked for: by then it is acknowledged, or it is late
SCHEDULE_FILE, QUERIES_FILE, WRITTEN_FILE = "schedule.arrow", "queries.npy", "written.npy"
_FORMAT = b"2"
_LONGEST_S = 1_000_000.0


@dataclass(frozen=True, eq=False)
class Schedule:
    """n operations in order of intended start; arrays of shape (n,).

    offset_ns counts from the start of the load. query is -1 for all but searches; key is -1 and key_count 0 for
    searches; the others cover the keys [key, key + key_count). version is what a write leaves, -1 for the others.
    """

    op_id: NDArray[np.int64]
    kind: NDArray[np.uint8]
    offset_ns: NDArray[np.int64]
    query: NDArray[np.int32]
    key: NDArray[np.int64]
    key_count: NDArray[np.int32]
    version: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.op_id)

    @property
    def inserted(self) -> int:
        """How many rows it inserts, with keys from FIRST_INSERT_KEY up."""
        return int(self.key_count[self.kind == Kind.INSERT].sum())

    @property
    def written_keys(self) -> NDArray[np.int64]:
        """Every key that may be upserted or inserted, ascending, shape (w,)."""
        return np.arange(FIRST_UPSERT_KEY, FIRST_INSERT_KEY + self.inserted, dtype=np.int64)


def make_schedule(traffic: TrafficSpec, seconds: float, queries: int, seed: int) -> Schedule:
    """Lay out an open loop over `seconds`: constant spacing per kind, kinds apart, the same for the same seed.

    Queries are asked in turn, in a seeded order, so that each is asked equally often. Every insert takes fresh
    keys from FIRST_INSERT_KEY up; every delete takes one insert's keys, the oldest first, once and not before
    MIN_AGE_S: where there is none yet, its place stays empty. Upserts take the UPSERTED rows in turn; a read looks
    for the newest of them that is READ_AFTER_NS old.
    """
    if not 0 < seconds <= _LONGEST_S:
        raise BadInput(
            f"seconds is {seconds}", where="traffic, seconds", mend=f"use a number above 0, up to {_LONGEST_S:g}"
        )
    random, rates = generator(seed, "schedule"), traffic.rates
    times = {kind: _times(rates, kind, seconds, random.random(2)) for kind in Kind}
    order = random.permutation(queries)
    times[Kind.DELETE], deleted = _deletable(times[Kind.INSERT], times[Kind.DELETE])
    times[Kind.READ], read = _readable(times[Kind.UPSERT], times[Kind.READ])
    asked = {kind: order[np.arange(len(times[kind])) % queries] for kind in SEARCHES}
    rows = traffic.rows_per_insert
    keys = {
        Kind.INSERT: FIRST_INSERT_KEY + np.arange(len(times[Kind.INSERT])) * rows,
        Kind.DELETE: FIRST_INSERT_KEY + deleted * rows,
        Kind.UPSERT: FIRST_UPSERT_KEY + np.arange(len(times[Kind.UPSERT])) % UPSERTED,
        Kind.READ: FIRST_UPSERT_KEY + read % UPSERTED,
    }
    versions = {
        Kind.INSERT: np.ones(len(times[Kind.INSERT]), np.int64),
        Kind.UPSERT: np.arange(len(times[Kind.UPSERT])) // UPSERTED + 1,
    }
    counts = {Kind.INSERT: rows, Kind.DELETE: rows, Kind.UPSERT: 1, Kind.READ: 1}
    return _merged(times, asked, keys, counts, versions)


def save_schedule(folder: Path, schedule: Schedule, queries: NDArray[np.float32], written: NDArray[np.float32]) -> None:
    """Write what the load process needs: the schedule, and the vectors of queries (q, dim) and rows (w, dim)."""
    columns = {f.name: getattr(schedule, f.name) for f in fields(Schedule)}
    table = pa.table(columns).replace_schema_metadata({"format": _FORMAT})
    with pa.ipc.new_file(folder / SCHEDULE_FILE, table.schema) as file:
        file.write_table(table)
    np.save(folder / QUERIES_FILE, queries)
    np.save(folder / WRITTEN_FILE, written)


def no_schedule() -> Schedule:
    """Return the schedule of a scenario to which nobody sends anything."""
    return _merged({kind: np.zeros(0, np.int64) for kind in Kind}, {}, {}, {}, {})


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
    """Read the vectors of the queries (q, dim) and of the rows that are written (w, dim). Raises BadInput."""
    try:
        return np.load(folder / QUERIES_FILE), np.load(folder / WRITTEN_FILE)
    except (OSError, ValueError) as error:
        raise BadInput(
            "has no vectors for the traffic", where=str(folder), mend="give the folder of a scenario's run"
        ) from error


def _times(rates: Mapping[Kind, float], kind: Kind, seconds: float, random: NDArray[np.float64]) -> NDArray[np.int64]:
    """Offsets in ns at the kind's rate; each kind keeps to its own share of the shortest interval.

    Where the rates are multiples of each other, no two operations then ever start together.
    """
    if not rates[kind]:
        return np.zeros(0, np.int64)
    shortest, interval = 1 / max(rates.values()), 1 / rates[kind]
    slot = (kind + random[0] / 2) / len(Kind)
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


def _readable(upserts: NDArray[np.int64], reads: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the reads that have an upsert to look for, and its number."""
    newest = np.searchsorted(upserts, reads - READ_AFTER_NS, side="right") - 1
    return reads[newest >= 0], newest[newest >= 0]


def _merged(
    times: Mapping[Kind, NDArray[np.int64]],
    queries: Mapping[Kind, NDArray[np.int64]],
    keys: Mapping[Kind, NDArray[np.int64]],
    counts: Mapping[Kind, int],
    versions: Mapping[Kind, NDArray[np.int64]],
) -> Schedule:
    def column(given: Mapping[Kind, NDArray[np.int64]], otherwise: int) -> NDArray[np.int64]:
        return np.concatenate([given.get(kind, np.full(len(times[kind]), otherwise)) for kind in Kind])

    kinds = column({kind: np.full(len(times[kind]), kind) for kind in Kind}, 0)
    offsets = column(times, 0)
    order = np.lexsort((kinds, offsets))
    every_count = {kind: np.full(len(times[kind]), count) for kind, count in counts.items()}
    return Schedule(
        op_id=np.arange(len(kinds), dtype=np.int64),
        kind=kinds[order].astype(np.uint8),
        offset_ns=offsets[order],
        query=column(queries, -1)[order].astype(np.int32),
        key=column(keys, -1)[order],
        key_count=column(every_count, 0)[order].astype(np.int32),
        version=column(versions, -1)[order],
    )
