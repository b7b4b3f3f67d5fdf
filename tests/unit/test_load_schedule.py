from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.history import NS_PER_S
from harness.kind import SEARCHES, Kind
from harness.load.schedule import (
    FIRST_INSERT_KEY,
    FIRST_UPSERT_KEY,
    MIN_AGE_S,
    READ_AFTER_NS,
    UPSERTED,
    Schedule,
    load_schedule,
    load_vectors,
    make_schedule,
    save_schedule,
)
from harness.plan.specs import TrafficSpec

_RATES = st.sampled_from([0.0, 0.5, 1.0, 5.0, 20.0, 50.0])


def _same(one: Schedule, other: Schedule) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f)) for f in Schedule.__dataclass_fields__)


@given(st.tuples(_RATES, _RATES, _RATES), st.integers(1, 4), st.floats(0.5, 60), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_what_holds_for_every_schedule(
    rates: tuple[float, float, float], rows: int, seconds: float, queries: int, seed: int
) -> None:
    search, insert, delete = rates
    traffic = TrafficSpec(search + 0.5, insert, min(insert, delete), rows_per_insert=rows)
    made = make_schedule(traffic, seconds, queries, seed)
    assert _same(made, make_schedule(traffic, seconds, queries, seed))
    assert made.op_id.tolist() == list(range(len(made)))
    assert (np.diff(made.offset_ns) >= 0).all()
    assert ((made.offset_ns >= 0) & (made.offset_ns < seconds * NS_PER_S)).all()
    of = {kind: made.kind == kind for kind in Kind}
    for kind, rate in ((Kind.SEARCH, search + 0.5), (Kind.INSERT, insert), (Kind.UPSERT, 2), (Kind.STOCK, 5)):
        times = made.offset_ns[of[kind]]
        assert abs(len(times) - rate * seconds) <= 1
        if len(times) > 1:
            np.testing.assert_allclose(np.diff(times), NS_PER_S / rate, atol=2)
    assert ((made.query >= 0) == (of[Kind.SEARCH] | of[Kind.STOCK])).all()
    assert (made.query < queries).all()
    for kind in SEARCHES:
        asked = np.bincount(made.query[of[kind]], minlength=queries)
        assert asked.max() - asked.min() <= 1
    assert (made.key_count[of[Kind.INSERT] | of[Kind.DELETE]] == rows).all()
    inserted = made.key[of[Kind.INSERT]]
    assert inserted.tolist() == [FIRST_INSERT_KEY + rows * n for n in range(len(inserted))]
    assert made.inserted == rows * len(inserted)
    assert made.written_keys[[0, -1]].tolist() == [FIRST_UPSERT_KEY, FIRST_INSERT_KEY + made.inserted - 1]
    born = dict(zip(inserted.tolist(), made.offset_ns[of[Kind.INSERT]].tolist(), strict=True))
    gone = made.key[of[Kind.DELETE]].tolist()
    assert len(set(gone)) == len(gone)
    for key, time in zip(gone, made.offset_ns[of[Kind.DELETE]].tolist(), strict=True):
        assert time - born[key] >= MIN_AGE_S * NS_PER_S


def test_kinds_never_start_together_by_default() -> None:
    for seed in range(20):
        assert np.diff(make_schedule(TrafficSpec(), 60, 200, seed).offset_ns).min() > NS_PER_S / 50 / 15


def test_upserts_take_their_rows_in_turn_and_a_read_looks_for_the_newest_that_is_old_enough() -> None:
    made = make_schedule(TrafficSpec(), 60, 200, 1)
    latest: list[tuple[int, int, int]] = []
    for kind, at_ns, key, version in zip(made.kind, made.offset_ns, made.key, made.version, strict=True):
        if kind == Kind.UPSERT:
            latest.append((int(at_ns), int(key), int(version)))
        elif kind == Kind.READ:
            old_enough = [key for when, key, _ in latest if when <= at_ns - READ_AFTER_NS]
            assert key == old_enough[-1]
    assert [key - FIRST_UPSERT_KEY for _, key, _ in latest] == [n % UPSERTED for n in range(len(latest))]
    assert [version for *_, version in latest] == [n // UPSERTED + 1 for n in range(len(latest))]
    assert set(made.version[made.kind == Kind.READ]) == {-1}


def test_reads_without_upserts_find_nothing() -> None:
    with pytest.raises(BadInput, match="nothing to look for"):
        TrafficSpec(upsert_rate=0)
    made = make_schedule(TrafficSpec(upsert_rate=0, read_rate=0), 5, 200, 1)
    assert not np.isin(made.kind, (Kind.UPSERT, Kind.READ)).any()


def test_deletes_keep_their_rate_once_there_is_something_to_delete() -> None:
    made = make_schedule(TrafficSpec(), 60, 200, 1)
    times = made.offset_ns[made.kind == Kind.DELETE] / NS_PER_S
    assert 10 < times[0] < 12
    assert len(times) in (48, 49, 50)


def test_seeds_differ() -> None:
    assert not _same(make_schedule(TrafficSpec(), 10, 200, 1), make_schedule(TrafficSpec(), 10, 200, 2))


def test_a_schedule_survives_its_folder(tmp_path: Path) -> None:
    made = make_schedule(TrafficSpec(), 20, 5, 1)
    queries, inserts = np.ones((5, 3), np.float32), np.zeros((100, 3), np.float32)
    save_schedule(tmp_path, made, queries, inserts)
    assert _same(made, load_schedule(tmp_path))
    read = load_vectors(tmp_path)
    np.testing.assert_array_equal(read[0], queries)
    np.testing.assert_array_equal(read[1], inserts)


def test_a_folder_without_a_schedule(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"schedule\.arrow"):
        load_schedule(tmp_path)
    with pytest.raises(BadInput, match="no vectors"):
        load_vectors(tmp_path)
    (tmp_path / "schedule.arrow").write_bytes(b"something else")
    with pytest.raises(BadInput, match="is no schedule"):
        load_schedule(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"search_rate": -1}, "search_rate is -1"),
        ({"rows_per_insert": 0}, "rows_per_insert is 0"),
        ({"deadline_s": 0}, "deadline_s is 0"),
        ({"search_rate": 0, "insert_rate": 0}, "no traffic"),
        ({"insert_rate": 0}, "delete_rate is 1, but no more than insert_rate, 0, can be"),
    ],
)
def test_traffic_that_cannot_be_offered(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        TrafficSpec(**changes)


def test_a_schedule_needs_time() -> None:
    with pytest.raises(BadInput, match="seconds is 0"):
        make_schedule(TrafficSpec(), 0, 5, 1)
