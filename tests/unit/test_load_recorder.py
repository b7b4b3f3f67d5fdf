from __future__ import annotations

import errno
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.history import NS_PER_S, Operations, Result
from harness.kind import WRITES, Kind
from harness.load.answer import Answer
from harness.load.operations import _METADATA_BYTES, NO_RECORD, StreamFile, read_operations
from harness.load.recorder import END, HEADER, Recorder
from harness.load.schedule import Schedule, make_schedule
from harness.plan.specs import FLUSH_S, TrafficSpec

_T0_NS = 5_000_000_000_000
_DEADLINE_NS = NS_PER_S
_OK = Answer(Result.OK, hits=[4, 2], distances=[0.5, 1.5])


def _schedule(seconds: float = 15) -> Schedule:
    return make_schedule(TrafficSpec(search_rate=2, insert_rate=1, delete_rate=1), seconds, 5, 1)


def _record(folder: Path, indexes: list[int], writer: str = "1", *, ended: bool = True, batch: int = 7) -> Path:
    schedule = _schedule()
    recorder = Recorder(folder, writer, schedule, _T0_NS)
    for count, index in enumerate(indexes, 1):
        start = int(schedule.offset_ns[index]) + _T0_NS
        recorder.record(
            index, start + 10, start + 20, _OK if schedule.kind[index] == Kind.SEARCH else Answer(Result.OK)
        )
        if count % batch == 0:
            recorder.flush()
    recorder.close()
    path = folder / f"operations-{writer}.arrow"
    if not ended:
        path.write_bytes(path.read_bytes().removesuffix(END))
    return path


def _late(index: int) -> int:
    """A time somewhat after an operation was due."""
    return int(_schedule().offset_ns[index]) + _T0_NS + 1


def _read(folder: Path, k: int = 3) -> Operations:
    return read_operations(folder, _schedule(), _T0_NS, k=k, deadline_ns=_DEADLINE_NS)


def test_every_scheduled_operation_is_one_row_in_order(tmp_path: Path) -> None:
    schedule = _schedule()
    _record(tmp_path, list(range(0, 20, 2)), "a")
    _record(tmp_path, [5, 3, 1], "b")
    read = _read(tmp_path)
    recorded = np.isin(schedule.op_id, [*range(0, 20, 2), 5, 3, 1])
    assert read.op_id.tolist() == list(range(len(schedule)))
    np.testing.assert_array_equal(read.intended_ns, schedule.offset_ns + _T0_NS)
    np.testing.assert_array_equal(read.outcome == Result.OK, recorded)
    np.testing.assert_array_equal(read.outcome == Result.NEVER_SENT, ~recorded)
    np.testing.assert_array_equal(read.sent_ns, np.where(recorded, read.intended_ns + 10, -1))
    np.testing.assert_array_equal(read.done_ns, np.where(recorded, read.intended_ns + 20, -1))
    searched = recorded & (schedule.kind == Kind.SEARCH)
    assert (read.hits[searched] == [4, 2, -1]).all()
    assert (read.hits[~searched] == -1).all()
    np.testing.assert_array_equal(read.distances[searched], [[0.5, 1.5, np.nan]] * searched.sum())
    np.testing.assert_array_equal(read.key, schedule.key)


def test_the_types_are_those_of_a_history(tmp_path: Path) -> None:
    _record(tmp_path, [0, 1, 2])
    read = _read(tmp_path)
    types = {name: getattr(read, name).dtype for name in Operations.__dataclass_fields__}
    assert types.pop("error") == np.object_
    assert {str(name): str(kind) for name, kind in types.items()} == {
        "op_id": "int64",
        "kind": "uint8",
        "intended_ns": "int64",
        "sent_ns": "int64",
        "done_ns": "int64",
        "outcome": "uint8",
        "query": "int32",
        "hits": "int64",
        "distances": "float32",
        "key": "int64",
        "key_count": "int32",
        "version": "int64",
    }


def test_nothing_recorded_at_all_is_never_sent(tmp_path: Path) -> None:
    assert (_read(tmp_path).outcome == Result.NEVER_SENT).all()


def test_errors_are_kept(tmp_path: Path) -> None:
    with Recorder(tmp_path, "1", _schedule(), _T0_NS) as recorder:
        recorder.record(2, _late(2), -1, Answer(Result.FAIL, "UNAVAILABLE: gone"))
    read = _read(tmp_path)
    assert (read.outcome[2], read.error[2], read.done_ns[2]) == (Result.FAIL, "UNAVAILABLE: gone", -1)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_cut_stream_is_read_up_to_the_cut(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cut")
    path = _record(folder, list(range(20)))
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut])
    read = _read(folder)
    ok = read.outcome == Result.OK
    assert ok.sum() in (0, 7, 14, 20)
    assert ok[: ok.sum()].all()
    writes = np.isin(read.kind, WRITES)
    assert (read.outcome[~ok & writes] == Result.UNKNOWN).all()
    assert (read.error[~ok & writes] == NO_RECORD).all()
    assert (read.outcome[~ok & ~writes] == Result.NEVER_SENT).all()


def test_a_cut_that_ends_like_a_finished_stream_is_still_one(tmp_path: Path) -> None:
    path = _record(tmp_path, list(range(20)))
    whole = path.read_bytes()
    cuts = [at for at in range(len(HEADER), len(whole)) if whole[:at].endswith(END)]
    assert cuts  # in the midst of a batch, by chance
    for cut in cuts:
        path.write_bytes(whole[:cut])
        assert (_read(tmp_path).outcome == Result.OK).sum() in (0, 7, 14)


def test_the_metadata_of_a_batch_is_as_long_as_is_known(tmp_path: Path) -> None:
    content = _record(tmp_path, list(range(20))).read_bytes()
    assert int.from_bytes(content[len(HEADER) + 4 : len(HEADER) + 8], "little") == _METADATA_BYTES


def test_a_killed_writer_loses_only_what_it_did_not_flush(tmp_path: Path) -> None:
    path = _record(tmp_path, list(range(20)), ended=False)
    assert not path.read_bytes().endswith(END)
    assert (_read(tmp_path).outcome == Result.OK).sum() == 20


def test_what_was_due_long_after_a_writer_was_killed_was_never_sent(tmp_path: Path) -> None:
    """Of 15 s scheduled the first 20 operations, 5 s, are on record: its end is at most 2 s later."""
    schedule = _schedule()
    _record(tmp_path, list(range(20)), ended=False)
    read = _read(tmp_path)
    assert schedule.offset_ns[19] < 8 * NS_PER_S < schedule.offset_ns[-1] - 4 * NS_PER_S
    horizon_ns = int(schedule.offset_ns[19]) + 20 + round(FLUSH_S * NS_PER_S) + _DEADLINE_NS
    assert read.op_id.tolist() == np.flatnonzero(schedule.offset_ns <= horizon_ns).tolist()
    unknown = read.where(read.outcome == Result.UNKNOWN)
    assert 0 < len(unknown) < np.isin(schedule.kind[20:], WRITES).sum() / 2
    assert unknown.op_id.min() >= 20


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((-1, 5), "sent before it was due, by 1e-09 s"),
        ((-1_500_000_000, 5), "sent before it was due, by 1.5 s"),
        ((5, 4), "answered before it was sent, by 1e-09 s"),
    ],
)
def test_a_clock_that_is_behind_is_refused(tmp_path: Path, times: tuple[int, int], said: str) -> None:
    due_ns = int(_schedule().offset_ns[3]) + _T0_NS
    with Recorder(tmp_path, "1", _schedule(), _T0_NS) as recorder:
        recorder.record(3, due_ns + times[0], due_ns + times[1], _OK)
    with pytest.raises(BadInput, match=rf"holds operation 3, {said}: clocks differ.*operations-1\.arrow"):
        _read(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"hello world", b"x" * 1000, HEADER[:-20] + b"y" * 40, HEADER + b"z" * 200, HEADER + b"\xff\xff\xff\xff\x10" * 9],
)
def test_a_foreign_file_is_told_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "operations-1.arrow").write_bytes(content)
    with pytest.raises(BadInput, match=r"operations-1\.arrow"):
        _read(tmp_path)


def test_a_damaged_length_in_a_finished_stream_is_no_cut(tmp_path: Path) -> None:
    path = _record(tmp_path, list(range(20)))
    content = bytearray(path.read_bytes())
    content[len(HEADER) + 4] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(BadInput, match="is damaged"):
        _read(tmp_path)


def test_another_schedules_stream_and_a_double_record_are_refused(tmp_path: Path) -> None:
    _record(tmp_path, [0, 1])
    with pytest.raises(BadInput, match="another schedule"):
        read_operations(tmp_path, _schedule(), _T0_NS + 1, k=3, deadline_ns=_DEADLINE_NS)
    with pytest.raises(BadInput, match="another schedule"):
        read_operations(
            tmp_path, make_schedule(TrafficSpec(search_rate=2), 0.3, 5, 1), _T0_NS, k=3, deadline_ns=_DEADLINE_NS
        )
    _record(tmp_path, [1, 2], "2")
    with pytest.raises(BadInput, match="recorded twice"):
        _read(tmp_path)


def test_what_was_intended_after_the_end_counts_only_if_it_went_out(tmp_path: Path) -> None:
    schedule = _schedule()
    _record(tmp_path, [0, 1, 2, 3])
    until_ns = int(schedule.offset_ns[2]) + _T0_NS
    assert read_operations(
        tmp_path, schedule, _T0_NS, k=3, deadline_ns=_DEADLINE_NS, until_ns=until_ns
    ).op_id.tolist() == [0, 1, 2, 3]
    late_ns = int(schedule.offset_ns[6]) + _T0_NS
    assert read_operations(
        tmp_path, schedule, _T0_NS, k=3, deadline_ns=_DEADLINE_NS, until_ns=late_ns
    ).op_id.tolist() == [0, 1, 2, 3, 4, 5]


def test_of_more_hits_than_asked_for_one_shows_that_they_are_too_many(tmp_path: Path) -> None:
    _record(tmp_path, [0, 1, 2])
    for k, width in ((1, 2), (2, 2), (3, 3)):
        read = _read(tmp_path, k=k)
        assert read.hits.shape == read.distances.shape == (len(_schedule()), width)


def test_a_stream_is_read_on_as_it_grows(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "1", _schedule(), _T0_NS)
    stream = StreamFile(tmp_path / "operations-1.arrow")
    assert list(stream.read()) == []
    for index in range(3):
        recorder.record(index, 1, 2, _OK)
        recorder.flush()
        assert [batch["op_id"].to_pylist() for batch in stream.read()] == [[index]]
        assert list(stream.read()) == []
    assert not stream.ended
    recorder.close()
    assert list(stream.read()) == []
    assert stream.ended


def test_a_full_disk_tears_nothing_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path, "1", _schedule(), _T0_NS)
    file = recorder._file

    class Full:
        def write(self, content: bytes) -> int:
            if len(content) < 50:
                raise OSError(errno.ENOSPC, "No space left on device")
            return file.write(content[:-20])

        def __getattr__(self, name: str) -> object:
            return getattr(file, name)

    recorder.record(0, _late(0), _late(0) + 1, _OK)
    with monkeypatch.context() as patched:
        patched.setattr(recorder, "_file", Full())
        with pytest.raises(OSError, match="No space"):
            recorder.flush()
    recorder.record(1, _late(1), _late(1) + 1, _OK)
    recorder.close()
    assert np.flatnonzero(_read(tmp_path).outcome == Result.OK).tolist() == [0, 1]


def test_other_tools_read_the_streams(tmp_path: Path) -> None:
    path = _record(tmp_path, list(range(10)))
    with pa.ipc.open_stream(path) as stream:
        operations = stream.read_all()
    assert operations.schema.metadata[b"format"] == b"2"
    assert operations.to_pandas()["op_id"].tolist() == list(range(10))
    answered = duckdb.sql("select count(*), sum(len(hits)) from operations where kind = 0").fetchall()
    searches = int((_schedule().kind[:10] == Kind.SEARCH).sum())
    assert answered == [(searches, 2 * searches)]
