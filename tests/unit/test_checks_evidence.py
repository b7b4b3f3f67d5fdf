"""Which operations prove that something was answered wrongly, and when it showed."""

from __future__ import annotations

from harness.checks.shown import shown_ns
from harness.evidence.freshness.judge import Freshness
from harness.history import NS_PER_S, History
from harness.kind import Kind
from harness.verdict import Finding
from tests.unit.builders import Mask, Recipe, edit, healthy
from tests.unit.judged import inputs

RECIPE = Recipe(steady_s=20, observe_s=20, upsert_rate=2, read_rate=4)
HISTORY = healthy(RECIPE)
OPERATIONS = HISTORY.operations
KEY = RECIPE.first_insert  # inserted first, and deleted half a second later


def ids(history: History, key: int) -> tuple[int, ...]:
    """Return the operations of a key, in order of time."""
    operations = history.operations
    return tuple(operations.op_id[operations.key == key].tolist())


def begun_ns(op_id: int) -> int:
    (moment,) = OPERATIONS.intended_ns[OPERATIONS.op_id == op_id].tolist()
    return int(moment)


def finding(*keys: int, op_ids: tuple[int, ...]) -> Finding:
    return Finding("lost", "", len(keys), keys=keys, op_ids=op_ids)


def test_what_is_wrong_with_a_row_showed_when_it_was_last_written() -> None:
    insert, delete = ids(HISTORY, KEY)
    assert shown_ns(finding(KEY, op_ids=(insert, delete)), OPERATIONS) == begun_ns(delete) > begun_ns(insert)


def test_it_is_the_first_of_several_rows_that_counts() -> None:
    (insert,), (later,) = ids(HISTORY, KEY + 1), ids(HISTORY, KEY + 2)
    for keys in ((KEY + 1, KEY + 2), (KEY + 1, KEY + 2, KEY + 3)):
        assert shown_ns(finding(*keys, op_ids=(insert, later)), OPERATIONS) == begun_ns(insert)
    assert shown_ns(finding(KEY + 2, KEY + 1, op_ids=(insert, later)), OPERATIONS) == begun_ns(later)


def test_a_write_of_several_rows_is_a_write_of_each_and_of_no_other() -> None:
    (insert,) = ids(HISTORY, KEY + 1)
    of_three = edit(HISTORY, OPERATIONS.op_id == insert, key_count=3).operations
    for key, known in ((KEY, False), (KEY + 1, True), (KEY + 3, True), (KEY + 4, False)):
        assert shown_ns(finding(key, op_ids=(insert,)), of_three) == (begun_ns(insert) if known else None), key


def test_answers_showed_when_the_first_of_them_was_asked_for() -> None:
    first, second = ids(HISTORY, KEY)
    assert shown_ns(finding(op_ids=(second, first)), OPERATIONS) == begun_ns(first)


def test_a_finding_may_know_its_time_and_one_without_operations_has_none() -> None:
    insert, _ = ids(HISTORY, KEY)
    timed = Finding("restart", "", 1, keys=(KEY,), op_ids=(insert,), t_ns=7)
    assert shown_ns(timed, OPERATIONS) == 7
    assert shown_ns(finding(KEY, op_ids=()), OPERATIONS) is None


def stale_read(kept: int, found: int) -> tuple[History, int, Mask]:
    """Have the first read of version `kept` of the first upserted row find `found`."""
    operations = HISTORY.operations
    of_row = operations.key == RECIPE.rows
    read = int(operations.op_id[of_row & (operations.kind == Kind.READ) & (operations.version == kept)][0])
    return edit(HISTORY, operations.op_id == read, version=found), read, of_row & (operations.kind == Kind.UPSERT)


def test_a_stale_read_stands_behind_the_write_that_it_missed() -> None:
    history, read, upserts = stale_read(kept=14, found=1)
    (missed,) = OPERATIONS.op_id[upserts & (OPERATIONS.version == 14)].tolist()
    (freshness,) = Freshness().findings(inputs(history))
    assert (freshness.check, freshness.count, freshness.op_ids) == ("freshness", 1, (missed, read))


def test_a_write_that_was_acknowledged_as_the_read_was_sent_was_not_missed() -> None:
    history, read, upserts = stale_read(kept=14, found=1)
    (sent_ns,) = OPERATIONS.sent_ns[OPERATIONS.op_id == read].tolist()
    last = upserts & (OPERATIONS.version == 14)
    (before,) = OPERATIONS.op_id[upserts & (OPERATIONS.version == 13)].tolist()
    (freshness,) = Freshness().findings(inputs(edit(history, last, done_ns=sent_ns)))
    assert freshness.op_ids == (before, read)
    (freshness,) = Freshness().findings(inputs(edit(history, last, done_ns=sent_ns - 1)))
    assert freshness.op_ids != (before, read)


def test_what_was_answered_before_the_fault_is_no_part_of_the_judged_window() -> None:
    history, _, _ = stale_read(kept=3, found=1)
    assert OPERATIONS.intended_ns[0] + 10 * NS_PER_S > begun_ns(ids(HISTORY, RECIPE.rows)[3])
    assert list(Freshness().findings(inputs(history))) == []
