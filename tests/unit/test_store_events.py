"""The stream of events: whole after a crash, safe from two threads, in order of time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.history import Event, EventKind
from harness.store.events import FORMAT, SCHEMA, EventLog, read_events

EVENTS = tuple(
    Event(1000 + n, EventKind.MEMBER, f"querynode-{n}", "up", {"uid": str(n), "note": "é \u2192"}) for n in range(8)
)


def written(path: Path, events: tuple[Event, ...] = EVENTS) -> Path:
    with EventLog(path) as log:
        for event in events:
            log.append(event)
    return path


def test_what_is_written_is_read_in_order_of_time(tmp_path: Path) -> None:
    assert read_events(written(tmp_path / "events.arrow", EVENTS[::-1])) == EVENTS


def test_each_event_is_on_disk_before_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "events.arrow"
    with EventLog(path) as log:
        for number, event in enumerate(EVENTS):
            assert len(read_events(path)) == number
            log.append(event)
        assert read_events(path) == EVENTS


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_tail_cut_anywhere_loses_only_the_last_events(tmp_path: Path, share: float) -> None:
    whole = written(tmp_path / f"{share!r}.arrow")
    cut = tmp_path / f"{share!r}.cut.arrow"
    cut.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    found = read_events(cut)
    assert found == EVENTS[: len(found)]
    whole.unlink()


def test_two_threads_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.arrow"
    with EventLog(path) as log:

        def write(offset: int) -> None:
            for n in range(100):
                log.append(replace(EVENTS[0], t_ns=2 * n + offset))

        threads = [threading.Thread(target=write, args=(offset,)) for offset in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [event.t_ns for event in read_events(path)] == list(range(200))


def test_a_history_is_never_written_over(tmp_path: Path) -> None:
    path = written(tmp_path / "events.arrow")
    with pytest.raises(FileExistsError):
        EventLog(path)


def test_without_a_file_there_are_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.arrow") == ()


def test_a_stream_of_something_else_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "events.arrow"
    table = pa.table({"t_ns": [1], "kind": ["no such kind"], "name": [""], "what": [""]})
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)
    with pytest.raises(BadInput, match=r"not a stream of events.*events\.arrow"):
        read_events(path)


def test_an_event_of_a_kind_that_only_a_newer_harness_knows_is_kept_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / "events.arrow"
    row = {"t_ns": 7, "kind": "backup", "name": "nightly", "what": "taken", "detail": [("rows", "5")]}
    with pa.ipc.new_stream(path, SCHEMA) as stream:
        stream.write_batch(pa.RecordBatch.from_pylist([row], schema=SCHEMA))
    assert read_events(path) == (Event(7, EventKind.OTHER, "nightly", "taken", {"rows": "5", "kind": "backup"}),)


@pytest.mark.parametrize("content", [b"hello world", b"\0" * 4000, b"\xff\xff\xff\xff"])
def test_garbage_is_not_taken_for_no_events(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.arrow"
    path.write_bytes(content + b"x")
    with pytest.raises(BadInput, match=r"not a stream of events.*events\.arrow"):
        read_events(path)


def test_a_stream_says_its_format_and_those_that_said_none_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "events.arrow")
    with pa.ipc.open_stream(path) as stream:
        assert stream.schema.metadata[b"format"] == FORMAT == b"1"
        table = stream.read_all()
    for name, metadata in (("newer", {"format": "2"}), ("first", None)):
        other = table.replace_schema_metadata(metadata)
        with pa.ipc.new_stream(tmp_path / name, other.schema) as stream:
            stream.write_table(other)
    assert read_events(tmp_path / "first") == EVENTS
    with pytest.raises(BadInput, match="of another format"):
        read_events(tmp_path / "newer")


def test_pandas_reads_it(tmp_path: Path) -> None:
    with pa.ipc.open_stream(written(tmp_path / "events.arrow")) as stream:
        frame: pd.DataFrame = stream.read_pandas()
    assert list(frame.columns) == SCHEMA.names
    assert list(frame["t_ns"]) == [event.t_ns for event in EVENTS]
