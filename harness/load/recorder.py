"""What came of every operation, written raw as it happens: one Arrow stream per writing process.

`operations-<writer>.arrow` is a plain Arrow IPC stream that pandas, DuckDB and polars read. It grows by whole
record batches, each written at once, so that a killed process loses no more than what it had not flushed.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.schedule import Schedule

FORMAT = b"2"  # of the columns below: raised whenever one changes its meaning
SCHEMA = pa.schema(
    [
        ("op_id", pa.int64()),
        ("kind", pa.uint8()),
        ("intended_ns", pa.int64()),
        ("sent_ns", pa.int64()),
        ("done_ns", pa.int64()),
        ("outcome", pa.uint8()),
        ("error", pa.string()),
        ("query", pa.int32()),
        ("hits", pa.list_(pa.int64())),
        ("distances", pa.list_(pa.float32())),
        ("key", pa.int64()),
        ("key_count", pa.int32()),
        ("version", pa.int64()),
    ],
    metadata={"format": FORMAT, "clock": "CLOCK_MONOTONIC, ns", "distances": "smaller is nearer"},
)
HEADER = SCHEMA.serialize().to_pybytes()
# Arrow's own mark for a stream that its writer closed.
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


_Row = tuple[int, int, int, Answer]  # index in the schedule, sent and done in ns, what came of it


class Recorder:
    """Writes the operations of one process. A context manager that marks the stream's end."""

    def __init__(self, folder: Path, writer: str, schedule: Schedule, t0_ns: int) -> None:
        self._file = (folder / f"operations-{writer}.arrow").open("xb", buffering=0)
        self._size = 0
        self._write(HEADER)
        self._schedule, self._t0_ns = schedule, t0_ns
        self._rows: deque[_Row] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def record(self, index: int, sent_ns: int, done_ns: int, answer: Answer) -> None:
        """Keep what came of the schedule's operation at this index; done_ns is -1 where no answer came."""
        self._rows.append((index, sent_ns, done_ns, answer))

    def flush(self) -> None:
        """Hand what was kept to the operating system. Where it fails (OSError), all is kept for the next time.

        May run in a thread beside the one that records.
        """
        rows = [self._rows.popleft() for _ in range(len(self._rows))]
        if not rows:
            return
        try:
            self._write(self._batch(rows).serialize().to_pybytes())
        except OSError:
            self._rows.extendleft(reversed(rows))
            raise

    def close(self) -> None:
        """Flush, mark the end of the stream and close it."""
        if not self._file.closed:
            self.flush()
            self._write(END)
            self._file.close()

    def _write(self, message: bytes) -> None:
        """Write all of it or, on a full disk, nothing: a torn batch would spoil what is written after it."""
        try:
            written = 0
            while written < len(message):
                written += self._file.write(message[written:])
        except OSError:
            self._file.truncate(self._size)
            self._file.seek(self._size)
            raise
        self._size += len(message)

    def _batch(self, recorded: list[_Row]) -> pa.RecordBatch:
        index, sent, done, answers = zip(*recorded, strict=True)
        rows, plan = np.array(index), self._schedule
        columns = {
            "op_id": plan.op_id[rows],
            "kind": plan.kind[rows],
            "intended_ns": plan.offset_ns[rows] + self._t0_ns,
            "sent_ns": sent,
            "done_ns": done,
            "outcome": [int(answer.outcome) for answer in answers],
            "error": [answer.error for answer in answers],
            "query": plan.query[rows],
            "hits": [answer.hits for answer in answers],
            "distances": [answer.distances for answer in answers],
            "key": plan.key[rows],
            "key_count": plan.key_count[rows],
            "version": np.where(plan.kind[rows] == Kind.READ, [a.version for a in answers], plan.version[rows]),
        }
        return pa.record_batch([pa.array(columns[f.name], f.type) for f in SCHEMA], schema=SCHEMA)
