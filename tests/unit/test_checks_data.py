from dataclasses import replace

import numpy as np
import pytest

from harness.checks.keys import written
from harness.checks.versions import versions_of
from harness.evidence.data import rows as data
from harness.evidence.data.rows import Violations, findings, ledger_of, read_pair, violations
from harness.history import History, Operations, Readback, Result
from harness.kind import Kind
from tests.unit.builders import Recipe, edit, healthy, outage, reread

OK, FAIL, UNKNOWN, NEVER = (
    Result.OK,
    Result.FAIL,
    Result.UNKNOWN,
    Result.NEVER_SENT,
)
HISTORY = healthy(Recipe(steady_s=20, observe_s=20))


@pytest.fixture(autouse=True, params=[data.AT_ONCE, 100])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are looked at together, the same is found."""
    monkeypatch.setattr(data, "AT_ONCE", request.param)


def writes(*told: tuple[Kind, Result, int, int, int, int]) -> Operations:
    """Make writes of (kind, outcome, sent, done, key, count)."""
    n = len(told)
    kind, outcome, sent, done, key, count = (np.array(c) for c in zip(*told, strict=True))
    return Operations(
        op_id=np.arange(100, 100 + n),
        kind=kind.astype(np.uint8),
        intended_ns=sent.astype(np.int64),
        sent_ns=sent.astype(np.int64),
        done_ns=done.astype(np.int64),
        outcome=outcome.astype(np.uint8),
        query=np.full(n, -1, np.int32),
        hits=np.full((n, 1), -1, np.int64),
        distances=np.full((n, 1), np.nan, np.float32),
        key=key.astype(np.int64),
        key_count=count.astype(np.int32),
        version=np.where(kind == Kind.DELETE, -1, 1),
        error=np.full(n, ""),
    )


def place(*told: tuple[Kind, Result, int, int]) -> str:
    """Say where the ledger puts key 50 of ten loaded rows, after these (kind, outcome, sent, done)."""
    ledger = ledger_of(writes(*((*t, 50, 1) for t in told)), rows=10)
    places = [name for name in ("present", "absent", "either") if 50 in getattr(ledger, name)]
    assert ledger.present[:10].tolist() == list(range(10))
    assert len(places) <= 1
    return places[0] if places else "never written"


I, D = Kind.INSERT, Kind.DELETE  # noqa: E741 - read beside D


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([(I, OK, 1, 2)], "present"),
        ([(I, FAIL, 1, 2)], "never written"),
        ([(I, NEVER, -1, -1)], "never written"),
        ([(I, UNKNOWN, 1, 2)], "either"),
        ([(I, UNKNOWN, 1, -1)], "either"),
        ([(I, OK, 1, 2), (D, OK, 3, 4)], "absent"),
        ([(I, OK, 1, 2), (D, FAIL, 3, 4)], "present"),
        ([(I, OK, 1, 2), (D, NEVER, -1, -1)], "present"),
        ([(I, OK, 1, 2), (D, UNKNOWN, 3, 4)], "either"),
        ([(I, FAIL, 1, 2), (I, OK, 3, 4)], "present"),  # tried again
        ([(I, UNKNOWN, 1, 2), (I, OK, 3, 4)], "present"),
        ([(I, UNKNOWN, 1, 2), (D, OK, 3, 4)], "either"),  # a timed-out insert may land after the delete
        ([(I, OK, 1, 5), (D, OK, 3, 4)], "either"),  # both at once
        ([(I, OK, 1, 2), (D, UNKNOWN, 3, 4), (D, OK, 5, 6)], "absent"),
        ([(I, OK, 1, 2), (D, OK, 3, 4), (I, OK, 5, 6)], "present"),  # written again
        ([(I, OK, 1, 2), (D, UNKNOWN, 3, 4), (I, OK, 5, 6)], "either"),  # the delete may land last
        ([(I, OK, 1, 2), (D, OK, 3, 4), (I, UNKNOWN, 5, 6)], "either"),
        ([(D, OK, 1, 2)], "absent"),
        ([(D, UNKNOWN, 1, 2)], "never written"),
    ],
)
def test_the_ledger_says_what_must_be_there(told: list[tuple[Kind, Result, int, int]], expected: str) -> None:
    assert place(*told) == expected


def test_a_write_covers_its_range_of_keys_and_a_loaded_row_can_be_deleted() -> None:
    ledger = ledger_of(writes((I, OK, 1, 2, 10, 4), (D, OK, 3, 4, 11, 2), (D, OK, 3, 4, 5, 1)), rows=10)
    assert ledger.present.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 13]
    assert ledger.absent.tolist() == [5, 11, 12]
    assert not len(ledger.either)


def test_no_writes_leave_what_was_loaded() -> None:
    ledger = ledger_of(writes((I, OK, 1, 2, 10, 1)).where(np.array([False])), rows=3)
    assert ledger.present.tolist() == [0, 1, 2]


def found(history: History) -> tuple[Violations, History]:
    reads = read_pair(history)
    assert reads is not None
    rows, versions = history.truth.rows, versions_of(written(history.operations))
    return violations(ledger_of(history.operations, rows), versions, rows, *reads), history


def kinds(history: History) -> dict[str, int]:
    """Return the findings as counts by check."""
    reads = read_pair(history)
    assert reads is not None
    return {f.check: f.count for f in findings(found(history)[0], history.operations, reads)}


# Key 1001 was inserted and stays; 1000 was inserted and deleted; 5 was loaded.
def test_a_cluster_that_did_as_it_said_has_no_violations() -> None:
    assert kinds(HISTORY) == {}
    assert kinds(outage(HISTORY, 5, 12)) == {}


def test_a_row_missing_in_both_reads_is_lost_and_named_with_its_write() -> None:
    history = reread(HISTORY, without=[5, 1001])
    assert kinds(history) == {"lost": 2}
    reads = read_pair(history)
    assert reads is not None
    (finding,) = findings(found(history)[0], history.operations, reads)
    wrote = HISTORY.operations.op_id[HISTORY.operations.key == 1001]
    assert finding.keys == (5, 1001)
    assert finding.op_ids == tuple(wrote.tolist())


def test_a_row_missing_in_one_read_only_has_flipped() -> None:
    assert kinds(reread(HISTORY, without=[1001], only=0)) == {"flipped": 1}
    assert kinds(reread(HISTORY, without=[1001], only=1)) == {"flipped": 1}


def test_a_deleted_row_in_both_reads_is_resurrected() -> None:
    assert kinds(reread(HISTORY, plus=[1000])) == {"resurrected": 1}
    assert kinds(reread(HISTORY, plus=[1000], only=1)) == {"flipped": 1}


@pytest.mark.parametrize("key", [-3, 999_999])
def test_a_row_that_nobody_wrote_is_a_phantom(key: int) -> None:
    assert kinds(reread(HISTORY, plus=[key])) == {"phantom": 1}


def test_a_row_whose_insert_definitely_failed_is_a_phantom_and_one_of_unknown_fate_is_not() -> None:
    wrote = HISTORY.operations.key == 1001
    assert kinds(edit(HISTORY, wrote, outcome=FAIL)) == {"phantom": 1}
    unknown = edit(HISTORY, wrote, outcome=UNKNOWN)
    assert kinds(unknown) == {}
    assert kinds(reread(unknown, without=[1001])) == {}
    assert kinds(reread(unknown, without=[1001], only=1)) == {"flipped": 1}


def test_a_key_read_twice_and_a_count_beyond_the_keys_are_duplicates() -> None:
    assert kinds(reread(HISTORY, plus=[5, 1001])) == {"duplicate": 2}
    assert found(reread(HISTORY, plus=[5]))[0].duplicate.tolist() == [5]


@pytest.mark.parametrize(("off", "expected"), [(3, {"duplicate": 3}), (-2, {"duplicate": 2}), (0, {})])
def test_a_count_that_is_not_that_of_the_keys_is_wrong(off: int, expected: dict[str, int]) -> None:
    reads = tuple(replace(r, count=r.count + off) for r in HISTORY.readbacks)
    assert kinds(replace(HISTORY, readbacks=reads)) == expected


def test_a_wrong_count_in_one_read_only_is_not_confirmed() -> None:
    first, second = HISTORY.readbacks
    assert kinds(replace(HISTORY, readbacks=(replace(first, count=7), second))) == {}


def test_one_read_confirms_nothing() -> None:
    assert read_pair(replace(HISTORY, readbacks=HISTORY.readbacks[:1])) is None
    assert read_pair(replace(HISTORY, readbacks=())) is None


def test_everything_gone_is_everything_lost_and_ten_of_it_named() -> None:
    nothing, none = np.array([], dtype=np.int64), np.array([], dtype=np.int32)
    history = replace(HISTORY, readbacks=(Readback(1, nothing, none, 0), Readback(2, nothing, none, 0)))
    violated = found(history)[0]
    reads = read_pair(history)
    assert reads is not None
    (finding,) = findings(violated, history.operations, reads)
    assert finding.count == len(HISTORY.readbacks[0].keys)
    assert finding.keys == tuple(range(10))
