"""Reads are judged by what had been acknowledged when they were sent, rows by what had been in the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.checks.answers import answers
from harness.checks.content import Flaw
from harness.checks.keys import written
from harness.checks.thresholds import DEFAULT
from harness.checks.versions import versions_of
from harness.evidence.data.rows import findings, ledger_of, read_pair, violations
from harness.history import ABSENT, DAMAGED, History, Result
from harness.kind import Kind
from harness.slo.judge import judge
from harness.slo.limits import Limits
from harness.verdict import Verdict
from tests.unit.builders import Mask, Recipe, edit, healthy, outage, reread, reversion

RECIPE = Recipe(steady_s=20, observe_s=20, upsert_rate=2, read_rate=4, stock_rate=5)
HISTORY = healthy(RECIPE)
KEY = RECIPE.rows  # the first that is upserted: at 0.002 s, 2.002 s, ... with the versions 1, 2, ...
LAST = 23  # its version in the end


def flaws(history: History) -> list[int]:
    """Return the flaws of all reads, distinct and without 0."""
    return sorted(set(answers(history, DEFAULT).stream(Kind.READ).flaws.tolist()) - {0})


def kinds(history: History) -> dict[str, int]:
    """Return the findings as counts by check."""
    reads, rows = read_pair(history), history.truth.rows
    assert reads is not None
    versions = versions_of(written(history.operations))
    found = violations(ledger_of(history.operations, rows), versions, rows, *reads)
    return {f.check: f.count for f in findings(found, history.operations, reads)}


def reads_of(history: History, version: int) -> Mask:
    """Return the reads of KEY that found this version."""
    return of(history, Kind.READ, version)


def write_of(history: History, version: int) -> Mask:
    """Return the upsert of KEY to this version."""
    return of(history, Kind.UPSERT, version)


def of(history: History, kind: Kind, version: int) -> Mask:
    operations = history.operations
    mask: Mask = (operations.kind == kind) & (operations.key == KEY) & (operations.version == version)
    return mask


def test_a_cluster_that_did_as_it_said_shows_nothing() -> None:
    assert reads_of(HISTORY, 3).sum() > 0
    assert (flaws(HISTORY), kinds(HISTORY)) == ([], {})
    broken = outage(HISTORY, 5, 12)
    assert (flaws(broken), kinds(broken)) == ([], {})


@pytest.mark.parametrize(
    ("found", "flaw"),
    [(2, Flaw.STALE), (ABSENT, Flaw.STALE), (DAMAGED, Flaw.DAMAGED), (99, Flaw.NOT_LIVE), (4, Flaw.NOT_LIVE)],
)
def test_what_a_read_may_not_find(found: int, flaw: Flaw) -> None:
    history = edit(HISTORY, reads_of(HISTORY, 3), version=found)
    assert flaws(history) == [flaw]
    stream = answers(history, DEFAULT).stream(Kind.READ)
    assert not stream.good[stream.flaws > 0].any()


@pytest.mark.parametrize(("key", "flaw"), [(KEY, []), (KEY + 1, [Flaw.NOT_LIVE]), (5, [Flaw.NOT_LIVE])])
def test_a_read_must_find_the_row_that_it_asked_for(key: int, flaw: list[Flaw]) -> None:
    hits = np.append(key, np.full(RECIPE.k - 1, -1))
    assert flaws(edit(HISTORY, reads_of(HISTORY, 3), hits=hits)) == flaw


def test_a_stale_read_is_told_with_the_write_that_it_missed() -> None:
    history = edit(HISTORY, reads_of(HISTORY, 15), version=2)
    (finding,) = (f for f in judge(history, Limits()).findings if f.check == "freshness")
    reads, (wrote,) = (
        HISTORY.operations.op_id[mask].tolist() for mask in (reads_of(HISTORY, 15), write_of(HISTORY, 15))
    )
    assert finding.op_ids == tuple(op for read in reads for op in (wrote, read))


@pytest.mark.parametrize("outcome", [Result.UNKNOWN, Result.FAIL, Result.NEVER_SENT])
def test_what_was_not_acknowledged_need_not_be_found(outcome: Result) -> None:
    open_write = edit(HISTORY, write_of(HISTORY, 3), outcome=outcome)
    assert flaws(edit(open_write, reads_of(HISTORY, 3), version=2)) == []
    # It may have landed, unless it surely has not.
    assert flaws(open_write) == ([] if outcome == Result.UNKNOWN else [Flaw.NOT_LIVE])


def test_an_open_write_may_land_after_a_later_one() -> None:
    open_write = edit(HISTORY, write_of(HISTORY, 2), outcome=Result.UNKNOWN)
    assert flaws(edit(open_write, reads_of(HISTORY, 3), version=2)) == []


def test_a_write_under_way_is_found_or_not() -> None:
    mask = write_of(HISTORY, 3)
    slow = edit(HISTORY, mask, done_ns=HISTORY.operations.done_ns[mask] + 1_500_000_000)
    assert flaws(slow) == []
    assert flaws(edit(slow, reads_of(slow, 3), version=2)) == []


def test_a_row_that_was_to_be_deleted_need_not_be_found() -> None:
    deleted = np.flatnonzero(HISTORY.operations.kind == Kind.DELETE)[2:3]
    mask = np.isin(np.arange(len(HISTORY.operations)), deleted)
    history = edit(HISTORY, mask, key=KEY)
    assert flaws(edit(history, reads_of(HISTORY, 20), version=ABSENT)) == []


@pytest.mark.parametrize(
    ("version", "told"),
    [(LAST, {}), (LAST - 1, {"stale": 1}), (1, {"stale": 1}), (99, {"phantom": 1}), (DAMAGED, {"damaged": 1})],
)
def test_the_version_in_the_end(version: int, told: dict[str, int]) -> None:
    assert kinds(reversion(HISTORY, KEY, version)) == told


def test_an_open_write_may_be_the_last() -> None:
    open_write = edit(HISTORY, write_of(HISTORY, 9), outcome=Result.UNKNOWN)
    assert kinds(reversion(open_write, KEY, 9)) == {}
    assert kinds(reversion(open_write, KEY, 8)) == {"stale": 1}


def test_loaded_and_inserted_rows_have_one_version() -> None:
    for key in (5, RECIPE.first_insert + 1):
        assert kinds(reversion(HISTORY, key, 2)) == {"phantom": 1}
        assert kinds(reversion(HISTORY, key, DAMAGED)) == {"damaged": 1}


@pytest.mark.parametrize("version", [LAST - 1, 99, DAMAGED])
def test_what_one_read_shows_alone_is_flipped(version: int) -> None:
    assert kinds(reversion(HISTORY, KEY, version, only=0)) == {"flipped": 1}


def test_a_deleted_row_that_is_back_at_an_old_version_is_told_once() -> None:
    assert kinds(reversion(reread(HISTORY, plus=[RECIPE.first_insert]), RECIPE.first_insert, 7)) == {"resurrected": 1}


def test_the_stale_row_is_named_with_its_writes() -> None:
    history = reversion(HISTORY, KEY, 1)
    (finding,) = [f for f in judge(history, Limits(stale_rows=0)).findings if f.check == "stale"]
    assert finding.keys == (KEY,)
    writes = history.operations.where(np.isin(history.operations.op_id, finding.op_ids))
    assert set(writes.version) == set(range(1, LAST + 1))


def test_a_stale_row_is_a_fail_and_a_stale_read_where_it_has_a_limit() -> None:
    calm = healthy(replace(RECIPE, steady_s=40, observe_s=60))
    assert judge(calm, Limits(stale_rows=0, stale_reads=0)).verdict is Verdict.PASS
    assert judge(reversion(calm, KEY, 1), Limits(stale_rows=0)).verdict is Verdict.FAIL
    old = edit(calm, reads_of(calm, 30), version=2)
    assert judge(old, Limits(stale_rows=0, stale_reads=0)).verdict is Verdict.FAIL
    assert judge(old, Limits(stale_rows=0)).verdict is Verdict.PASS


@pytest.mark.parametrize(("stale", "expected"), [(True, Verdict.FAIL), (False, Verdict.INCONCLUSIVE)])
def test_a_few_reads_do_not_show_that_none_is_stale_but_one_that_is(*, stale: bool, expected: Verdict) -> None:
    few = healthy(replace(RECIPE, steady_s=40, observe_s=60, read_rate=1))
    found = edit(few, reads_of(few, 30), version=2) if stale else few
    assert reads_of(few, 30).any()
    assert judge(found, Limits(stale_reads=0)).verdict is expected


def test_that_nobody_answered_reads_does_not_show_that_none_is_stale() -> None:
    calm = healthy(replace(RECIPE, steady_s=40, observe_s=60))
    verdicts = [judge(outage(calm, since_s, 106, [Kind.READ]), Limits(stale_reads=0)).verdict for since_s in (39.9, 41)]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.PASS]


def test_freshness_and_an_application_recover_apart() -> None:
    calm = healthy(replace(RECIPE, steady_s=40, observe_s=60))
    broken = outage(outage(calm, 40, 50, [Kind.READ]), 40, 58, [Kind.STOCK])
    value = {row.figure: row.value for row in judge(broken, Limits()).slos}
    assert (round(value["fresh_recover_s"]), round(value["stock_recover_s"])) == (10, 18)
    assert value["recover_s"] == 5.0
