"""The recorded traffic of a scenario's folder, as the operations of a history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history import Event, EventKind, Operations
from harness.load.operations import STREAMS, Recorded, operations_of, read_streams
from harness.load.schedule import Schedule, load_schedule

# Ids of what an action sent begin so far above those of the scenario's own traffic.
_APART = 1_000_000_000


def all_operations(folder: Path, events: Sequence[Event], *, k: int, deadline_ns: int) -> Operations:
    """Read the scenario's own traffic, and what actions sent beside it. Raises BadInput for files that are damaged."""
    own = recorded_operations(folder, _ended(events), k=k, deadline_ns=deadline_ns)
    parts = [own]
    for number, more in enumerate(sorted(folder.glob("traffic-*")), 1):
        until_ns = _healed(events, more.name.removeprefix("traffic-"))
        found = recorded_operations(more, until_ns, k=k, deadline_ns=deadline_ns)
        parts.append(replace(found, op_id=found.op_id + number * _APART))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _ended(events: Iterable[Event]) -> int | None:
    return next((e.t_ns for e in events if e.kind is EventKind.PHASE and (e.name, e.what) == ("observe", "end")), None)


def _healed(events: Iterable[Event], action: str) -> int | None:
    return next((e.t_ns for e in events if e.kind is EventKind.FAULT and (e.action, e.what) == (action, "heal")), None)


def _joined(parts: Sequence[Operations]) -> Operations:
    width = max(part.hits.shape[1] for part in parts)
    wide = [replace(p, hits=_wide(p.hits, width, -1), distances=_wide(p.distances, width, np.nan)) for p in parts]
    return Operations(*(np.concatenate([getattr(one, f.name) for one in wide]) for f in fields(Operations)))


def _wide(column: NDArray[Any], width: int, padding: float) -> NDArray[Any]:
    return np.pad(column, ((0, 0), (0, width - column.shape[1])), constant_values=padding)


def recorded_operations(folder: Path, until_ns: int | None, *, k: int, deadline_ns: int) -> Operations:
    """Read every operation that was due before the traffic was ended on purpose, at `until_ns`.

    The traffic's start is the one that its records imply: a record's intended start less its place in the
    schedule. Where a run broke off before its end, that is the last record's. None was
    recorded: no operations. `deadline_ns` is the clients'. Raises BadInput for files that are damaged.
    """
    if not any(folder.glob(STREAMS)):
        return no_operations(k)
    schedule, recorded = load_schedule(folder), read_streams(folder)
    extent = _extent(recorded, schedule)
    if extent is None:
        return no_operations(k)
    t0_ns, last_ns = extent
    until_ns = last_ns + 1 if until_ns is None else until_ns
    return operations_of(recorded, schedule, t0_ns, k=k, deadline_ns=deadline_ns, until_ns=until_ns)


def _extent(recorded: Recorded, schedule: Schedule) -> tuple[int, int] | None:
    """Return the start of the load and the last intended start on record, ns; None where nothing is."""
    found = [batch for _, batch in recorded.batches if batch.num_rows]
    if not found:
        return None
    place = min(int(np.searchsorted(schedule.op_id, found[0]["op_id"][0].as_py())), len(schedule) - 1)
    t0_ns = found[0]["intended_ns"][0].as_py() - int(schedule.offset_ns[place])
    return t0_ns, max(int(batch["intended_ns"].to_numpy().max()) for batch in found)


def no_operations(k: int) -> Operations:
    """Return operations without a row, k hits wide."""
    return Operations(
        op_id=np.zeros(0, np.int64),
        kind=np.zeros(0, np.uint8),
        intended_ns=np.zeros(0, np.int64),
        sent_ns=np.zeros(0, np.int64),
        done_ns=np.zeros(0, np.int64),
        outcome=np.zeros(0, np.uint8),
        query=np.zeros(0, np.int32),
        hits=np.zeros((0, k), np.int64),
        distances=np.zeros((0, k), np.float32),
        key=np.zeros(0, np.int64),
        key_count=np.zeros(0, np.int32),
        version=np.zeros(0, np.int64),
        error=np.zeros(0, dtype=object),
    )
