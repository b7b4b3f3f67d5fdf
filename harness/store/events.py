"""Events on disk: an append-only Arrow IPC stream, one batch an event, so that a crash loses none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from harness.errors import BadInput
from harness.history import Event, EventKind

FORMAT = b"1"  # of the columns below: raised whenever one changes its meaning
SCHEMA = pa.schema(
    [
        pa.field("t_ns", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("what", pa.string(), nullable=False),
        pa.field("detail", pa.map_(pa.string(), pa.string()), nullable=False),
    ],
    metadata={"format": FORMAT, "clock": "CLOCK_MONOTONIC, ns"},
)
_KINDS = frozenset(kind.value for kind in EventKind)
# The harness wrote streams without metadata once, else as now.
_HEADERS = tuple(schema.serialize().to_pybytes() for schema in (SCHEMA, SCHEMA.remove_metadata()))


class EventLog:
    """Writes events as they happen; the runner and the thread that watches members share one.

    Raises FileExistsError where the file is there already: a history is never written over.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = path.open("xb")
        self._stream = pa.ipc.new_stream(self._file, SCHEMA)
        self._file.flush()

    def append(self, event: Event) -> None:
        """Write one event through to the operating system before returning. Safe from any thread."""
        batch = pa.RecordBatch.from_pylist([_row(event)], schema=SCHEMA)
        with self._lock:
            self._stream.write_batch(batch)
            self._file.flush()

    def close(self) -> None:
        """End the stream; a second call does nothing."""
        with self._lock:
            if not self._file.closed:
                self._stream.close()
                self._file.close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read_events(path: Path) -> tuple[Event, ...]:
    """Read all events, in order of time. A missing file has none; a tail cut off by a crash is left out.

    Raises BadInput for what is no stream of events, or one of another format.
    """
    if not path.exists():
        return ()
    content = path.read_bytes()
    if not content.startswith(_HEADERS):
        if any(header.startswith(content) for header in _HEADERS):
            return ()
        raise BadInput("not a stream of events, or one of another format", where=str(path), mend="restore the file")
    try:
        events = [_event(row) for batch in _batches(content) for row in batch.to_pylist()]
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"not a stream of events: {error}", where=str(path), mend="restore the file") from None
    return tuple(sorted(events, key=lambda event: event.t_ns))


def _batches(content: bytes) -> Iterator[pa.RecordBatch]:
    """Yield the whole batches; pyarrow raises ArrowInvalid or OSError at one that was cut short."""
    with pa.BufferReader(content) as source:
        try:
            yield from pa.ipc.open_stream(source)
        except (pa.ArrowInvalid, OSError):
            return


def _row(event: Event) -> dict[str, object]:
    # What the harness has no kind for is written by the name that whoever told it gave it, and so it is read.
    own = event.detail.get("kind", "") if event.kind is EventKind.OTHER else ""
    detail = [(str(key), str(value)) for key, value in event.detail.items() if not own or key != "kind"]
    kind = own or event.kind.value
    return {"t_ns": event.t_ns, "kind": kind, "name": event.name, "what": event.what, "detail": detail}


def _event(row: dict[str, object]) -> Event:
    detail: dict[str, str] = dict(row["detail"])  # type: ignore[call-overload]  # pyarrow gives maps as lists of pairs
    kind = str(row["kind"])
    if kind not in _KINDS:
        kind, detail = EventKind.OTHER, {**detail, "kind": kind}
    return Event(int(str(row["t_ns"])), EventKind(kind), str(row["name"]), str(row["what"]), detail)
