import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.history import ABSENT, DAMAGED, NS_PER_S, History
from harness.kind import Kind
from harness.slo import Limits, judge
from harness.verdict import Verdict
from tests.unit.builders import (
    Recipe,
    edit,
    healthy,
    member,
    never_sent,
    outage,
    recall_drop,
    reread,
    shifted,
    short_answers,
    slower,
    within,
    without_events,
)
from tests.unit.judged import DATA, FIGURES, LIMITS, but, failed, values

RECIPE = Recipe()
HISTORY = healthy(RECIPE)
NO_FAULT = healthy(Recipe(faulted=False))


def test_a_healthy_scenario_passes_with_nothing_to_say() -> None:
    found = judge(HISTORY, LIMITS)
    assert found.verdict is Verdict.PASS
    assert found.reasons == ()
    assert found.findings == ()
    assert [row.figure for row in found.slos] == [figure.name for figure in FIGURES]
    assert all(row.passed for row in found.slos if row.limit is not None)
    assert all(row.ok for row in found.validity)


def test_no_impact_is_told_apart_from_an_impact_of_no_time() -> None:
    found = judge(HISTORY, LIMITS)
    assert found.marks.detect_ns is None
    assert found.marks.first_success_ns is None
    assert math.isnan(values(found)["detect_s"])
    assert values(judge(outage(HISTORY, 40, 41), LIMITS))["detect_s"] == 0.0


def test_an_outage_within_the_limits_passes_and_shows_its_moments() -> None:
    found = judge(outage(HISTORY, 41, 47), LIMITS)
    assert found.verdict is Verdict.PASS
    assert (found.marks.effect_ns, found.marks.healed_ns) == (RECIPE.at(40), RECIPE.at(45))
    assert (found.marks.detect_ns, found.marks.first_success_ns) == (RECIPE.at(41), RECIPE.at(47))
    assert found.marks.recovered_ns == RECIPE.at(47)
    figures = values(found)
    assert (figures["bad_s"], figures["down_s"], figures["longest_outage_s"]) == (6.0, 6.0, 6.0)
    assert (figures["detect_s"], figures["first_success_s"]) == (1.0, 7.0)
    assert (figures["recover_s"], figures["settle_s"]) == (7.0, 2.0)
    assert figures["availability"] == pytest.approx(59 / 65)
    assert figures["write_recover_s"] == pytest.approx(7.0, abs=0.01)


# Each is one thing that goes wrong, and what must show it: no more, no less.
LIMITS_THAT_BITE: dict[str, tuple[Callable[[], History], set[str]]] = {
    "slow all along": (lambda: slower(HISTORY, 0, 105, 150), {"steady", "recovered"}),
    "a long outage": (lambda: outage(HISTORY, 40, 54, [Kind.SEARCH]), {"bad_s", "availability", "recover_s"}),
    "bad for half a minute now and then": (
        lambda: outage(outage(outage(HISTORY, 46, 49.1), 52, 55.1), 58, 61.1),
        {"bad_s", "recover_s", "write_recover_s"},
    ),
    "writes out longer": (lambda: outage(HISTORY, 40, 54, [Kind.INSERT, Kind.DELETE]), {"write_recover_s"}),
    "a relapse": (lambda: outage(outage(HISTORY, 40, 42), 56, 57), {"recover_s", "write_recover_s"}),
    "wrong for a while": (lambda: recall_drop(HISTORY, 41, 46, 3), {"wrong_s"}),
    "empty successes": (lambda: short_answers(HISTORY, 40, 49.5, 0), {"bad_s", "wrong_s"}),
    "low recall all along": (lambda: recall_drop(HISTORY, 0, 105, 2), {"recall", "recall_recovered"}),
    "a late member": (lambda: member(HISTORY, 53, "querynode-1", "up"), {"recover_s", "write_recover_s"}),
}


@pytest.mark.parametrize("name", LIMITS_THAT_BITE)
def test_limits_bite(name: str) -> None:
    make, expected = LIMITS_THAT_BITE[name]
    found = judge(make(), LIMITS)
    assert found.verdict is Verdict.FAIL
    if expected == {"steady", "recovered"}:
        assert {"steady_p95_ms", "steady_p99_ms", "recover_s", "recovered_p95_ms"} <= failed(found)
    else:
        assert failed(found) == expected
    assert all(row.ok for row in found.validity)


ALL_KINDS = healthy(Recipe(upsert_rate=2, read_rate=5, stock_rate=5))


def content(history: History, figure: str = "invalid_answers", check: str = "content") -> tuple[float, int]:
    """Return the figure and what its finding counts."""
    found = judge(history, LIMITS)
    return values(found)[figure], sum(f.count for f in found.findings if f.check == check)


@pytest.mark.parametrize("second", [10, 60])
def test_invalid_content_counts_whoever_was_answered_with_it_and_when(second: float) -> None:
    reads = within(ALL_KINDS, second, second + 2, [Kind.READ])
    stock = within(ALL_KINDS, second, second + 2, [Kind.STOCK])
    assert (reads.sum(), stock.sum()) == (10, 10)
    damaged = edit(ALL_KINDS, reads, version=DAMAGED)
    assert content(damaged, "invalid_reads", "rows") == (10, 10)
    assert content(damaged) == (0, 0)
    assert content(edit(ALL_KINDS, stock, hits=-1, distances=np.nan)) == (10, 10)
    assert content(short_answers(ALL_KINDS, second, second + 2, 3)) == (100, 100)
    assert content(edit(ALL_KINDS, reads, version=ABSENT)) == (0, 0)


def test_what_was_answered_outside_of_what_is_measured_is_told_of_nowhere() -> None:
    later = replace(ALL_KINDS, events=shifted(ALL_KINDS, 2 * NS_PER_S).events)
    early = within(later, 0, 2, [Kind.SEARCH])
    assert content(edit(later, early, hits=-1, distances=np.nan)) == (0, 0)
    reads = within(ALL_KINDS, 10, 11, [Kind.READ])
    stale = judge(recall_drop(edit(ALL_KINDS, reads, version=1), 20, 20.1, 5), LIMITS)
    assert stale.findings == ()
    assert values(stale)["stale_reads"] == 0


@pytest.mark.parametrize(
    ("history", "figure", "keys"),
    [
        (reread(HISTORY, without=[1001, 7]), "lost_rows", (7, 1001)),
        (reread(HISTORY, plus=[1000]), "resurrected_rows", (1000,)),
        (reread(HISTORY, plus=[555_555]), "phantom_rows", (555_555,)),
        (reread(HISTORY, plus=[7]), "duplicate_rows", (7,)),
        (reread(HISTORY, without=[7], only=1), "flipped_rows", (7,)),
    ],
)
def test_a_row_out_of_place_fails_whatever_else(history: History, figure: str, keys: tuple[int, ...]) -> None:
    found = judge(history, LIMITS)
    assert found.verdict is Verdict.FAIL
    assert failed(found) == {figure}
    assert found.findings[0].keys == keys
    assert found.reasons == (f"{found.findings[0].check}: {found.findings[0].message}",)
    assert judge(replace(history, complete=False), LIMITS).verdict is Verdict.FAIL


def test_a_row_missing_is_not_confirmed_where_the_record_or_the_reads_are_not_whole() -> None:
    lost = reread(HISTORY, without=[1001])
    first, second = lost.readbacks
    near = replace(lost, readbacks=(first, replace(second, t_ns=first.t_ns + NS_PER_S)))
    assert judge(near, LIMITS).verdict is Verdict.INVALID
    unrecorded = replace(HISTORY, operations=HISTORY.operations.where(~within(HISTORY, 60, 105, [Kind.INSERT])))
    found = judge(unrecorded, LIMITS)
    assert values(found)["phantom_rows"] > 0
    assert found.verdict is Verdict.INVALID


def test_a_cluster_that_never_recovers_fails_with_infinity_and_one_reason() -> None:
    found = judge(outage(HISTORY, 41, 200, [Kind.SEARCH]), LIMITS)
    assert found.verdict is Verdict.FAIL
    figures = values(found)
    assert figures["recover_s"] == figures["recovered_p95_ms"] == math.inf
    assert figures["recall_recovered"] == 0.0
    assert "recover_s was never reached (limit 12 s)" in found.reasons
    assert not any("recovered" in reason for reason in found.reasons)
    assert found.marks.recovered_ns is None


def test_recall_of_a_cluster_that_never_recovers_is_that_of_the_last_window() -> None:
    found = judge(outage(recall_drop(HISTORY, 41, 75, 5), 80, 81), LIMITS)
    assert values(found)["recover_s"] == math.inf
    assert values(found)["recall_recovered"] == 1.0


def test_a_member_kept_down_is_never_recovered_from() -> None:
    found = judge(without_events(HISTORY, "healed"), LIMITS)
    assert found.verdict is Verdict.FAIL
    assert values(found)["recover_s"] == math.inf
    assert values(found)["write_recover_s"] == math.inf


def test_reasons_are_plain_and_the_deciding_ones_come_first() -> None:
    found = judge(replace(outage(HISTORY, 40, 54, [Kind.SEARCH]), complete=False), LIMITS)
    assert found.verdict is Verdict.INVALID
    assert found.reasons[0] == "Run complete: no, required yes"
    assert "recover_s 14 s is over the limit of 12 s" in found.reasons
    assert "availability 0.7846 is under the limit of 0.8" in found.reasons


def test_a_p99_after_recovery_of_too_few_searches_is_inconclusive() -> None:
    recipe = Recipe(search_rate=26, observe_s=36)
    found = judge(healthy(recipe), LIMITS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert [row.passed for row in found.slos if row.figure == "recovered_p99_ms"] == [None]
    assert found.reasons == ("Evidence for recovered_p99_ms: n = 936, required >= 1000",)


@pytest.mark.parametrize(("limit_s", "expected"), [(20, Verdict.FAIL), (21, Verdict.INCONCLUSIVE)])
def test_a_recovery_that_had_no_time_to_show_that_it_lasts_is_no_fail(limit_s: float, expected: Verdict) -> None:
    # Whole again 30 s after the effect, and observed for 20 s more, where 30 s would have to be good.
    late = member(member(healthy(Recipe(observe_s=45)), 41, "querynode-1", "starting"), 70, "querynode-1", "up")
    asked = {"recover_s": limit_s, "write_recover_s": None, "fresh_recover_s": None, "stock_recover_s": None}
    found = judge(late, but(LIMITS, **asked))
    assert values(found)["recover_s"] == math.inf
    assert found.verdict is expected
    if expected is Verdict.INCONCLUSIVE:
        assert found.reasons[0].startswith(
            "Evidence for recover_s: infinite, observed for 50 s after the effect, required >= 51 s"
        )


def test_a_recovery_that_may_take_no_time_still_has_to_last() -> None:
    never = outage(healthy(Recipe(observe_s=24)), 40, 70)
    found = judge(never, but(LIMITS, recover_s=0))
    assert any("observed for 29 s after the effect, required >= 30 s (its limit" in reason for reason in found.reasons)


def test_an_infinite_percentile_is_over_its_limit_however_long_it_was_watched() -> None:
    assert {"steady_p95_ms", "steady_p99_ms"} <= failed(judge(never_sent(HISTORY, within(HISTORY, 10, 20)), LIMITS))


def test_a_fault_that_took_no_effect_says_nothing() -> None:
    found = judge(without_events(HISTORY, "effect"), LIMITS)
    assert found.verdict is Verdict.INVALID
    assert found.reasons[0].startswith("Effect of every fault: not seen: kill")


def test_an_observation_shorter_than_recovery_must_last_proves_nothing() -> None:
    found = judge(healthy(Recipe(search_rate=60, observe_s=29)), LIMITS)
    assert found.verdict is Verdict.INVALID
    assert any(row.what == "Observed after the healing" and not row.ok for row in found.validity)


def test_without_any_limit_there_is_no_pass() -> None:
    found = judge(HISTORY, Limits())
    assert found.verdict is Verdict.INVALID
    assert all(row.passed is None for row in found.slos)


def test_a_steady_scenario_is_judged_without_a_fault() -> None:
    found = judge(NO_FAULT, LIMITS, expects_fault=False)
    assert found.verdict is Verdict.PASS
    assert not {"recover_s", "recovered_p95_ms", "detect_s"} & set(values(found))
    assert {"steady_p99_ms", "recall", "availability", "bad_s", *DATA} <= set(values(found))
    assert judge(NO_FAULT, LIMITS).verdict is Verdict.INVALID
    assert judge(slower(NO_FAULT, 0, 200, 150), LIMITS, expects_fault=False).verdict is Verdict.FAIL
    assert failed(judge(outage(NO_FAULT, 50, 60), LIMITS, expects_fault=False)) == {"bad_s"}


def test_a_fault_that_nobody_expected_is_judged_all_the_same() -> None:
    assert judge(HISTORY, LIMITS, expects_fault=False) == judge(HISTORY, LIMITS)


def test_reads_only_pass_where_no_limit_asks_for_writes() -> None:
    reads_only = replace(healthy(Recipe(insert_rate=0, delete_rate=0)), readbacks=())
    assert judge(reads_only, LIMITS).verdict is Verdict.INVALID
    asked = but(LIMITS, **dict.fromkeys((*DATA, "write_recover_s")))
    assert judge(reads_only, asked).verdict is Verdict.PASS


def test_without_deletes_nothing_can_come_back() -> None:
    history = healthy(Recipe(delete_rate=0))
    found = judge(history, LIMITS)
    assert found.verdict is Verdict.PASS
    assert [row.limit for row in found.slos if row.figure == "resurrected_rows"] == [None]
