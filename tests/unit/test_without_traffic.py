"""A scenario to which nobody sends anything: no steady state is asked of it, and no client's figure is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.action import AnyAction
from harness.actions.kill import Kill
from harness.actions.together import Together
from harness.actions.when import ErrorsAbove, MemberIs, RateBelow, RowsIn, When
from harness.cluster import Health, Role
from harness.errors import BadInput
from harness.history import Event, EventKind, History, Offered, Readback
from harness.plan.plan import make_plan
from harness.plan.scenario import Scenario
from harness.platforms.choice import PlatformChoice
from harness.platforms.registry import make_platform
from harness.run.options import RunOptions
from harness.run.scenario_run import Wanted, check
from harness.slo import Limits, load_limits
from harness.slo.judge import judge
from harness.store.recorded import no_operations
from harness.verdict import Verdict
from tests.unit.builders import Recipe, healthy
from tests.unit.judged import failed, values

RECIPE = Recipe()
WITH = healthy(RECIPE)
KEYS = np.arange(RECIPE.rows, dtype=np.int64)


def quiet(*left_out: int, rows: int = RECIPE.rows, ended: str = "", observe: bool = True) -> History:
    """A kill that nobody noticed: loaded rows, no operation, and everything read twice but the keys left out."""
    keys = np.setdiff1d(KEYS[:rows], left_out)
    reads = tuple(Readback(RECIPE.at(120 + wait), keys, np.ones(len(keys), np.int32), len(keys)) for wait in (0, 11))
    phases = [e for e in WITH.events if e.kind is not EventKind.PHASE]
    loaded = [Event(RECIPE.at(at), EventKind.PHASE, "load", what) for at, what in ((0, "begin"), (5, "end"))]
    observed = [Event(RECIPE.at(at), EventKind.PHASE, "observe", what) for at, what in ((46, "begin"), (50, "end"))]
    down = [Event(RECIPE.at(30), EventKind.MEMBER, ended, what, {"uid": "9"}) for what in ("down", "up") if ended]
    told = [Event(RECIPE.at(at), EventKind.MEMBER, "proxy-1", "version", {"version": "2.3.5"}) for at in (1, 140)]
    events = sorted([*phases, *told, *loaded, *(observed if observe else []), *down], key=lambda event: event.t_ns)
    truth = replace(WITH.truth, rows=rows)
    return History(no_operations(10), tuple(events), truth, reads if rows else (), Offered({}, 0, 10, 0), complete=True)


LIMITS = load_limits("fast", "query-node-killed")


def test_it_is_judged_by_its_rows_and_its_members_alone() -> None:
    found = judge(quiet(), LIMITS, session_s=3.0)
    assert found.verdict is Verdict.PASS, found.reasons
    limited = {row.figure for row in found.slos if row.limit is not None}
    assert limited == {
        *("unplanned_restarts", "wrong_versions", "lost_rows", "stale_rows", "phantom_rows", "duplicate_rows"),
        *("damaged_rows", "flipped_rows"),
    }
    assert found.clients == ()
    assert not [check.what for check in found.validity if "steady" in check.what.lower() or "Scheduled" in check.what]


def test_a_row_that_is_lost_is_a_fail_and_so_is_a_member_that_ends() -> None:
    lost = judge(quiet(7, 8), LIMITS, session_s=3.0)
    assert (lost.verdict, failed(lost), values(lost)["lost_rows"]) == (Verdict.FAIL, {"lost_rows"}, 2.0)
    ended = judge(quiet(ended="datanode-1"), LIMITS, session_s=3.0)
    assert (ended.verdict, failed(ended)) == (Verdict.FAIL, {"unplanned_restarts"})


def test_without_a_collection_nothing_can_be_lost_and_nothing_is_asked_of_rows() -> None:
    found = judge(quiet(rows=0), LIMITS, session_s=3.0)
    assert found.verdict is Verdict.PASS, found.reasons
    assert {row.figure for row in found.slos if row.limit is not None} == {"unplanned_restarts", "wrong_versions"}


def test_where_nothing_is_held_to_anything_nothing_is_known() -> None:
    found = judge(quiet(rows=0), Limits(steady_p99_ms=50.0), session_s=3.0)
    assert found.verdict is Verdict.INVALID
    assert [check.what for check in found.validity if not check.ok] == ["Limits"]


def test_where_nothing_is_served_nothing_idles() -> None:
    assert (
        judge(quiet(rows=0), Limits(idle_query_nodes=0.0, lost_rows=0.0, unplanned_restarts=0.0)).verdict
        is Verdict.PASS
    )


def test_what_broke_off_says_nothing() -> None:
    assert judge(replace(quiet(rows=0), complete=False), LIMITS, session_s=3.0).verdict is Verdict.INVALID
    without_fault = replace(quiet(), events=tuple(e for e in quiet().events if e.kind is not EventKind.FAULT))
    assert judge(without_fault, LIMITS, session_s=3.0).verdict is Verdict.INVALID
    assert judge(without_fault, LIMITS, session_s=3.0, expects_fault=False).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("scenario", "steps"),
    [
        (Scenario("quiet", "Quiet", traffic=None), 5),
        (Scenario("quiet", "Quiet", traffic=None, observe_s=7), 5),
        (Scenario("quiet", "Quiet", traffic=None, data=None, faults=(Kill(Role.PROXY),)), 5),
    ],
)
def test_its_plan_says_what_is_done_and_nothing_of_clients(scenario: Scenario, steps: int) -> None:
    lines = make_plan(scenario, profile="fast", replicas=1, seed=1).lines()
    assert len(lines) == steps + 1
    assert not [line for line in lines if "traffic" in line or "steady" in line]
    assert bool([line for line in lines if "load 10,000" in line]) == (scenario.data is not None)


def test_traffic_needs_a_collection() -> None:
    with pytest.raises(
        BadInput, match=r"no collection to send traffic to \(Scenario.traffic\): give data, or traffic=None"
    ):
        Scenario("mine", "Mine", data=None)


@pytest.mark.parametrize(
    ("action", "taken"),
    [
        (When(MemberIs(Role.PROXY, Health.READY), Kill(Role.PROXY), 5), True),
        (When(RateBelow(5), Kill(Role.PROXY), 5), False),
        (When(ErrorsAbove(0.5), Kill(Role.PROXY), 5), False),
        (Together(Kill(Role.DATA_NODE), When(RowsIn(20_000), Kill(Role.PROXY), 5)), False),
    ],
)
def test_what_waits_for_traffic_is_refused_before_anything_starts(action: AnyAction, taken: bool) -> None:
    plan = make_plan(Scenario("mine", "Mine", faults=(action,), traffic=None), profile="fast", replicas=1, seed=1)
    wanted, platform = Wanted(plan, "mine", "pytest"), make_platform(PlatformChoice())
    if taken:
        check(wanted, RunOptions(), platform)
        return
    with pytest.raises(BadInput, match=r"nobody sends any traffic \(mine\): give the scenario traffic"):
        check(wanted, RunOptions(), platform)
