"""The recorded streams of all writers, merged with the schedule into the operations of a history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.history import ABSENT, NS_PER_S, Operations, Result
from harness.kind import WRITES, Kind
from harness.load.recorder import END, HEADER, SCHEMA
from harness.load.schedule import Schedule
from harness.plan.specs import FLUSH_S

Number = TypeVar("Number", bound=np.generic)
NO_RECORD = "no record: its writer was killed"
STREAMS = "operations-*.arrow"
_METADATA_BYTES = 824  # of one batch, as pyarrow writes it, whatever it holds
_METADATA_BYTES_MAX = 1 << 20


@dataclass(frozen=True)
class Recorded:
    """What every writer recorded. `cut`: one of them was killed before it closed its stream."""

    batches: tuple[tuple[Path, pa.RecordBatch], ...]
    cut: bool


def read_streams(folder: Path) -> Recorded:
    """Read every stream of a folder, one that breaks off up to its last complete batch. Errors: BadInput."""
    streams = [StreamFile(path) for path in sorted(folder.glob(STREAMS))]
    batches = tuple((stream.path, batch) for stream in streams for batch in stream.read())
    return Recorded(batches, cut=not all(stream.ended for stream in streams))


def read_operations(
    folder: Path, schedule: Schedule, t0_ns: int, *, k: int, deadline_ns: int, until_ns: int | None = None
) -> Operations:
    """Merge what every writer recorded, see `operations_of`. Errors: BadInput for files that are damaged."""
    return operations_of(read_streams(folder), schedule, t0_ns, k=k, deadline_ns=deadline_ns, until_ns=until_ns)


def operations_of(
    recorded: Recorded, schedule: Schedule, t0_ns: int, *, k: int, deadline_ns: int, until_ns: int | None = None
) -> Operations:
    """Return one row per operation of the schedule, in order of intended start.

    t0_ns is the start of the load. What was never recorded is NEVER_SENT; but where a writer was killed, a write
    without a record is UNKNOWN, for it may have been sent in the moment before. It was killed within FLUSH_S and the
    clients' deadline of the last record, since by then what it had sent would have been on record: what was due later
    is left out. So is what was intended at or after until_ns, when the load was ended on purpose, and was not sent.
    Raises BadInput for streams that belong to another schedule, or whose times can't be.
    """
    _check_owner(recorded.batches, schedule, t0_ns)
    table = pa.Table.from_batches([batch for _, batch in recorded.batches], SCHEMA)
    operations = _merged(table, schedule, t0_ns, k, cut=recorded.cut)
    if recorded.cut:
        last_ns = int(np.maximum(operations.sent_ns, operations.done_ns).max(initial=t0_ns))
        operations = operations.where(operations.intended_ns <= last_ns + round(FLUSH_S * NS_PER_S) + deadline_ns)
    if until_ns is None:
        return operations
    # What still went out while the load was being ended counts, or may have gone out: its rows may be there.
    return operations.where((operations.intended_ns < until_ns) | (operations.outcome != Result.NEVER_SENT))


@dataclass
class StreamFile:
    """One writer's file, read on from where the last reading ended. `ended` once its writer has closed it."""

    path: Path
    offset: int = 0
    ended: bool = False

    def read(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches that are complete by now. Raises BadInput for what is no such stream."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
        if self.offset == 0:
            if not data.startswith(HEADER):
                if not HEADER.startswith(data):
                    raise self._damaged("is no stream of operations, or one of another format")
                return
            self.offset, data = len(HEADER), data[len(HEADER) :]
        yield from self._batches(data)

    def _batches(self, data: bytes) -> Iterator[pa.RecordBatch]:
        source, start, view = pa.BufferReader(data), self.offset, memoryview(data)
        while not self.ended:
            rest = view[self.offset - start :]
            self.ended = rest == END
            batch = None if self.ended else self._next(source, rest)
            if batch is None:
                return
            self.offset = start + source.tell()
            yield batch

    def _next(self, source: pa.BufferReader, rest: memoryview) -> pa.RecordBatch | None:
        """Read one batch; None where it is not complete."""
        try:
            batch = pa.ipc.read_record_batch(pa.ipc.read_message(source), SCHEMA)
            batch.validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, ValueError, EOFError) as error:
            # A writer that was killed leaves the beginning of a batch, and nothing behind it. That may end like an
            # end mark by chance, so a mark counts only behind a batch that can't be one of ours.
            length = int.from_bytes(rest[4:8], "little")
            closed = rest[-len(END) :] == END and length != _METADATA_BYTES
            if source.tell() < source.size() or closed or length > _METADATA_BYTES_MAX:
                raise self._damaged(f"is damaged after {self.offset:,} bytes") from error
            return None
        return batch

    def _damaged(self, what: str) -> BadInput:
        return BadInput(what, where=str(self.path), mend="restore the file, or run the scenario again")


def _check_owner(batches: Iterable[tuple[Path, pa.RecordBatch]], schedule: Schedule, t0_ns: int) -> None:
    """Every record must be of this schedule, and none may be there twice."""
    seen = np.zeros(len(schedule), bool)
    for path, batch in batches:
        mine = np.searchsorted(schedule.op_id, batch["op_id"].to_numpy())
        known = mine < len(schedule)
        fits = (
            known.all()
            and (batch["outcome"].to_numpy() <= Result.UNKNOWN).all()
            and all(
                (column[mine] == batch[name].to_numpy()).all()
                for name, column in (
                    ("op_id", schedule.op_id),
                    ("kind", schedule.kind),
                    ("intended_ns", schedule.offset_ns + t0_ns),
                    ("key", schedule.key),
                )
            )
        )
        if not fits or seen[mine].any() or _repeats(mine):
            what = "holds operations of another schedule" if not fits else "holds operations that were recorded twice"
            raise BadInput(what, where=str(path), mend="keep one run's streams, and its schedule, in one folder")
        seen[mine] = True
        _check_order(path, batch)


def _check_order(path: Path, batch: pa.RecordBatch) -> None:
    """Nothing is sent before it was intended, nor answered before it was sent, if there is an answer: -1 is none.

    A clock that is behind would give latencies that look good.
    """
    intended, sent, done = (batch[name].to_numpy() for name in ("intended_ns", "sent_ns", "done_ns"))
    for what, by_ns in (
        ("sent before it was due", intended - sent),
        ("answered before it was sent", np.where(done < 0, 0, sent - done)),
    ):
        if (by_ns > 0).any():
            at = int(by_ns.argmax())
            told = f"holds operation {batch['op_id'][at]}, {what}, by {by_ns[at] / NS_PER_S:g} s: clocks differ"
            raise BadInput(told, where=str(path), mend="run the harness and its load on one clock, and run it again")


def _repeats(places: NDArray[np.int64]) -> bool:
    ordered = np.sort(places)
    return bool((ordered[1:] == ordered[:-1]).any())


def _merged(table: pa.Table, schedule: Schedule, t0_ns: int, k: int, *, cut: bool) -> Operations:
    n, rows = len(schedule), np.searchsorted(schedule.op_id, table["op_id"].to_numpy())
    lost = np.isin(schedule.kind, WRITES) & cut
    outcome = np.where(lost, Result.UNKNOWN, Result.NEVER_SENT).astype(np.uint8)
    errors = np.where(lost, NO_RECORD, "").astype(object)
    errors[rows] = _shared(table["error"])
    version = np.where(schedule.kind == Kind.READ, ABSENT, schedule.version)
    longest = pc.max(pc.list_value_length(table["hits"])).as_py() or 0
    wide = k + (longest > k)  # one hit more than was asked for says that an answer has too many
    return Operations(
        op_id=schedule.op_id,
        kind=schedule.kind,
        intended_ns=schedule.offset_ns + t0_ns,
        sent_ns=_filled(np.full(n, -1, np.int64), rows, table["sent_ns"]),
        done_ns=_filled(np.full(n, -1, np.int64), rows, table["done_ns"]),
        outcome=_filled(outcome, rows, table["outcome"]),
        query=schedule.query,
        hits=_padded(np.full((n, wide), -1, np.int64), rows, table["hits"]),
        distances=_padded(np.full((n, wide), np.nan, np.float32), rows, table["distances"]),
        key=schedule.key,
        key_count=schedule.key_count,
        version=_filled(version, rows, table["version"]),
        error=errors,
    )


def _filled(column: NDArray[Number], rows: NDArray[np.int64], values: pa.ChunkedArray) -> NDArray[Number]:
    column[rows] = values.to_numpy()
    return column


def _shared(texts: pa.ChunkedArray) -> NDArray[np.object_]:
    """Return texts as objects, each different one once in memory."""
    coded = texts.combine_chunks().dictionary_encode()
    different = np.array(coded.dictionary.to_pylist(), dtype=object)
    return different[coded.indices.to_numpy()] if len(coded) else np.zeros(0, dtype=object)


def _padded(column: NDArray[Number], rows: NDArray[np.int64], lists: pa.ChunkedArray) -> NDArray[Number]:
    """Write lists of any length into rows of a fixed one."""
    array, width = lists.combine_chunks(), column.shape[1]
    lengths, values = array.value_lengths().to_numpy(), array.flatten().to_numpy()
    whole = lengths == width
    if np.all(whole | (lengths == 0)):  # as good as always, and many times faster
        column[rows[whole]] = values.reshape(-1, width)
        return column
    places = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    fits = places < width
    column[np.repeat(rows, lengths)[fits], places[fits]] = values[fits]
    return column
