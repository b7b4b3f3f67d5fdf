"""What an action that waits sees of the live traffic, on records written by hand whose answer is obvious."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.history import NS_PER_S, Result
from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.recorder import Recorder
from harness.load.schedule import Schedule
from harness.run import sight
from tests.unit.fake_cluster import Watched

NOW_S = 100.0


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    # The last second may not be written down yet, so that what is seen ends there.
    monkeypatch.setattr(sight, "monotonic_ns", lambda: round((NOW_S + 1) * NS_PER_S))


def recorder(folder: Path, kinds: list[Kind]) -> Recorder:
    n = len(kinds)
    nothing = np.zeros(n, np.int64)
    keys = np.full(n, 10, np.int32)
    kind = np.array(kinds, np.uint8)
    schedule = Schedule(np.arange(n), kind, nothing, nothing.astype(np.int32), nothing, keys, nothing)
    return Recorder(folder, "1", schedule, 0)


def test_the_window_ends_now_and_counts_what_was_answered_in_it(tmp_path: Path) -> None:
    seen = sight.LiveSight(Watched(tmp_path), tmp_path, 500)
    assert (seen.rows(), seen.rate(5), seen.error_share(5)) == (500, 0.0, 0.0)
    # Done at 94, 95, ... 101 s; the sixth and the one at 94 s fail.
    outcomes = [
        Result.FAIL,
        *[Result.OK] * 4,
        Result.FAIL,
        Result.OK,
        Result.OK,
    ]
    with recorder(tmp_path, [Kind.SEARCH] * 8) as log:
        for n, outcome in enumerate(outcomes):
            done_ns = (94 + n) * NS_PER_S
            log.record(n, done_ns - 5, done_ns, Answer(outcome))
    assert [seen.rate(5), seen.error_share(5)] == pytest.approx([1, 0.2])
    assert [seen.rate(10), seen.error_share(10)] == pytest.approx([0.7, 2 / 7])


def test_rows_are_those_that_were_loaded_and_those_of_acknowledged_inserts(tmp_path: Path) -> None:
    seen = sight.LiveSight(Watched(tmp_path), tmp_path, 500)
    log = recorder(tmp_path, [Kind.INSERT, Kind.INSERT, Kind.UPSERT, Kind.INSERT])
    with log:
        log.record(0, 1, 2, Answer(Result.OK))
        log.record(1, 1, 2, Answer(Result.UNKNOWN))
        log.record(2, 1, 2, Answer(Result.OK))
        log.flush()
        assert seen.rows() == 510
        log.record(3, 1, 2, Answer(Result.OK))
    assert seen.rows() == 520
