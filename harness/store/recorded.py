"""The recorded traffic of a scenario's folder, as the operations of a history."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from harness.history import Event, EventKind, Operations
from harness.load.operations import STREAMS, Recorded, operations_of, read_streams
from harness.load.schedule import Schedule, load_schedule


def recorded_operations(folder: Path, events: Iterable[Event], *, k: int, deadline_ns: int) -> Operations:
    """Read every operation that was due before the traffic was ended on purpose.

    The traffic's start is the one that its records imply: a record's intended start less its place in the
    schedule. Its end is that of the phase `observe`; where a run broke off before, the last record's. None was
    recorded: no operations. `deadline_ns` is the clients'. Raises BadInput for files that are damaged.
    """
    if not any(folder.glob(STREAMS)):
        return no_operations(k)
    schedule, recorded = load_schedule(folder), read_streams(folder)
    extent = _extent(recorded, schedule)
    if extent is None:
        return no_operations(k)
    t0_ns, last_ns = extent
    ended = (e.t_ns for e in events if e.kind is EventKind.PHASE and (e.name, e.what) == ("observe", "end"))
    until_ns = next(ended, last_ns + 1)
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
