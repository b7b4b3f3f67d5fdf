"""Every limit that was broken names the operations that broke it, and when."""

from __future__ import annotations

import pytest

from harness.history import History
from harness.kind import WRITES, Kind
from harness.slo.judge import judge
from harness.verdict import Finding
from tests.unit.builders import Recipe, healthy, member, outage, recall_drop, slower, within, without_events
from tests.unit.judged import LIMITS, but, failed
from tests.unit.test_slo_judge import LIMITS_THAT_BITE

RECIPE = Recipe(upsert_rate=2, read_rate=10, stock_rate=5)
HISTORY = healthy(RECIPE)
STRICT = but(LIMITS, down_s=3.0, longest_outage_s=3.0, recovered_p95_ratio=1.5, recovered_p99_ratio=2.0)
# Figures that findings of their own have always told of.
TOLD_AS = {"wrong_s": "recall", "invalid_answers": "content", "invalid_reads": "rows", "stale_reads": "freshness"}


def told(history: History) -> dict[str, Finding]:
    return {finding.check: finding for finding in judge(history, STRICT).findings}


def due(begin_s: float, end_s: float, *kinds: Kind) -> list[int]:
    """Return the ids of the operations of these kinds, without any searches, that were due then."""
    found: list[int] = HISTORY.operations.op_id[within(HISTORY, begin_s, end_s, kinds or [Kind.SEARCH])].tolist()
    return found


@pytest.mark.parametrize("name", LIMITS_THAT_BITE)
def test_no_broken_limit_goes_without_its_operations(name: str) -> None:
    found = judge(LIMITS_THAT_BITE[name][0](), LIMITS)
    findings = {finding.check: finding for finding in found.findings}
    following = {row.figure for row in found.slos if "recovered" in row.figure and row.n == 0}
    for figure in failed(found) - following:
        assert findings[TOLD_AS.get(figure, figure)].op_ids or findings[figure].t_ns is not None


def test_an_outage_is_told_by_its_first_bad_operations() -> None:
    found = told(outage(HISTORY, 41, 55, [Kind.SEARCH]))
    for figure in ("availability", "bad_s", "down_s", "longest_outage_s"):
        assert (found[figure].count, found[figure].t_ns) == (700, RECIPE.at(41))
        assert list(found[figure].op_ids) == due(41, 55)[:10]
        assert found[figure].message == "700 of 3250 searches were bad, without an answer in time"


def test_a_late_recovery_is_told_by_the_last_operation_that_put_it_off() -> None:
    found = told(outage(HISTORY, 41, 55))
    for figure, kind in (("recover_s", Kind.SEARCH), ("fresh_recover_s", Kind.READ), ("stock_recover_s", Kind.STOCK)):
        assert list(found[figure].op_ids) == due(41, 55, kind)[-1:]
    assert found["recover_s"].t_ns == RECIPE.at(54.98)
    assert found["recover_s"].message == "searches still had a bad one 14.98 s after the effect"
    # The last of them was a delete.
    assert list(found["write_recover_s"].op_ids) == due(41, 55, *WRITES)[-1:]


def test_a_recovery_that_never_came_is_told_from_the_last_operation_backwards() -> None:
    found = told(outage(outage(outage(HISTORY, 41, 44), 60, 62), 90, 92))
    assert list(found["recover_s"].op_ids) == due(90, 92)[:-11:-1]
    assert found["recover_s"].message == "searches still had a second with more than 5% bad 51.98 s after the effect"
    assert not {check for check in found if "recovered" in check}


@pytest.mark.parametrize(("by_ms", "rule"), [(90, "a p95 over 50 ms"), (None, "a recall under 0.990")])
def test_the_rule_that_was_broken_is_named(by_ms: float | None, rule: str) -> None:
    broken = slower(HISTORY, 45, 60, by_ms) if by_ms else recall_drop(HISTORY, 45, 60, 2)
    assert told(broken)["recover_s"].message.startswith(f"searches still had {rule} ")


def test_a_recovery_that_waited_for_a_member_is_told_by_when_it_was_up() -> None:
    finding = told(member(HISTORY, 53, "querynode-1", "up"))["recover_s"]
    assert (finding.op_ids, finding.t_ns) == ((), RECIPE.at(53))
    assert "whole again 13.00 s after the effect" in finding.message
    never = told(without_events(HISTORY, "healed"))["recover_s"]
    assert "not healed" in never.message


def test_a_percentile_and_a_ratio_are_told_by_the_slowest() -> None:
    found = told(slower(slower(HISTORY, 90, 92, by_ms=300), 91, 91.1, by_ms=100))
    slowest = set(due(91, 91.1))
    for figure in ("recovered_p99_ms", "recovered_p99_ratio"):
        assert slowest < set(found[figure].op_ids) < set(due(90, 92))
        assert set(found[figure].op_ids[: len(slowest)]) == slowest
        assert "searches took 305." in found[figure].message
    steady = told(slower(HISTORY, 0, 40, by_ms=200))
    assert set(steady["steady_p95_ms"].op_ids) < set(due(0, 40))
    assert set(steady["fresh_p95_ms"].op_ids) < set(due(0, 40, Kind.READ))


def test_a_low_recall_is_told_by_the_searches_that_found_least() -> None:
    found = told(recall_drop(recall_drop(HISTORY, 0, 105, 2), 20, 20.1, 5))
    assert set(found["recall"].op_ids[:5]) == set(due(20, 20.1))
    assert found["recall"].message.startswith("2000 of 2000 searches missed neighbours")
    some = told(recall_drop(HISTORY, 0, 30, 5))["recall"]
    assert (some.count, some.message[:12]) == (1500, "1500 of 2000")
