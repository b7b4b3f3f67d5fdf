"""The plan: definite, numbered, the same for the same seed; and what makes no sense is refused before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness.api
from harness.action import AnyAction
from harness.api import Chaos, Configure, Kill, Pause, Scale, Upgrade
from harness.cluster import Role, Topology, roles_of
from harness.errors import BadInput
from harness.plan.plan import Plan, make_plan
from harness.plan.profiles import OBSERVE_S
from harness.plan.scenario import Scenario
from harness.plan.specs import DataSpec, TrafficSpec
from harness.slo.limits import Limits

FAULTS: tuple[AnyAction, ...] = (
    Kill(Role.QUERY_NODE),
    Kill(Role.QUERY_NODE, count=2),
    Pause(Role.PROXY, for_s=2.5),
    Scale(Role.QUERY_NODE, to=4),
    Upgrade("2.3.5"),
    Configure({"a.b": "1", "c": "x"}),
)
seeds = st.integers(0, 10**18 - 1)


def plan_of(scenario: Scenario, seed: int = 1, profile: str = "fast", replicas: int = 1) -> Plan:
    return make_plan(scenario, profile=profile, replicas=replicas, seed=seed)


def some(*faults: AnyAction, **changes: Any) -> Scenario:
    return Scenario("some", "Some faults", faults, **changes)


@given(seed=seeds)
def test_the_same_seed_gives_the_same_plan(seed: int) -> None:
    chaos = Scenario("chaos", "Chaos", Chaos(4))
    assert plan_of(chaos, seed) == plan_of(chaos, seed)
    assert plan_of(chaos, seed).lines() == plan_of(chaos, seed).lines()


def test_seeds_and_names_give_other_plans() -> None:
    plans = {
        tuple((p.action.label, p.wait_s, p.choice) for p in plan_of(Scenario(name, "", Chaos(5)), seed).actions)
        for name in ("one", "two")
        for seed in range(20)
    }
    assert len(plans) == 40


def test_every_fault_of_chaos_comes_up() -> None:
    labels = {p.action.label for seed in range(60) for p in plan_of(Scenario("c", "", Chaos(5)), seed).actions}
    assert {f"kill {role}" for role in roles_of("2.3.5")} | {"pause querynode for 5 s"} == labels


def test_a_pool_gives_a_seed_the_same_faults_for_good() -> None:
    drawn = [planned.action.label for planned in plan_of(Scenario("chaos", "Chaos", Chaos(5)), seed=7).actions]
    assert drawn == ["kill mixcoord", "kill querynode", "kill querynode", "kill indexnode", "kill datanode"]


@given(seed=seeds, gap_s=st.floats(0, 100))
def test_a_fault_meets_the_servers_clocks_at_any_phase_and_later_ones_keep_the_gap(seed: int, gap_s: float) -> None:
    first, *later = plan_of(some(*FAULTS, gap_s=gap_s), seed).actions
    assert 0 <= first.wait_s < 1
    assert all(gap_s <= planned.wait_s <= gap_s + 1 for planned in later)


def test_the_steps_are_numbered_and_begin_where_the_one_before_ends() -> None:
    plan = plan_of(some(*FAULTS))
    shape = re.compile(r"(\d+)\. .+ \((\d+) s \+ (\d+) s\)")
    numbers, begins, lasts = zip(
        *((int(m[1]), int(m[2]), int(m[3])) for m in map(shape.fullmatch, plan.lines()) if m), strict=True
    )
    assert numbers == tuple(range(1, len(plan.steps) + 1))
    assert begins[0] == 0
    assert all(abs(b + s - after) <= 1 for b, s, after in zip(begins, lasts, begins[1:], strict=False))
    assert plan.expected_s == pytest.approx(begins[-1] + lasts[-1], abs=1)


def test_the_steps_say_what_is_done_to_what() -> None:
    data = DataSpec(rows=20_000, dim=64, index="HNSW", metric="IP")
    scenario = some(*FAULTS, data=data, topology=Topology({Role.QUERY_NODE: 3}), milvus="2.3.0")
    text = "\n".join(plan_of(scenario, profile="default", replicas=2).lines())
    for said in (
        "start Milvus 2.3.0 with 3 query nodes, settings default",
        "load 20,000 x 64 rows, HNSW IP, 2 replica(s)",
        "then kill querynode (",
        "then kill 2 of querynode (",
        "then pause proxy for 2.5 s (",
        "then scale querynode to 4 (",
        "then upgrade to 2.3.5 (",
        "then set a.b=1, c=x (",
    ):
        assert said in text


def test_without_a_fault_nothing_is_watched_recovering() -> None:
    steps = [step.text for step in plan_of(some()).steps]
    assert not any("recover" in text or "wait" in text for text in steps)
    assert any("recover" in step.text for step in plan_of(some(FAULTS[0])).steps)


@pytest.mark.parametrize("profile", OBSERVE_S)
@pytest.mark.parametrize("faults", [(), FAULTS])
def test_traffic_is_scheduled_for_longer_than_it_is_expected_to_be_needed(
    profile: str, faults: tuple[AnyAction, ...]
) -> None:
    plan = plan_of(some(*faults), profile=profile)
    under_traffic = sum(step.expected_s for step in plan.steps[3:-2])
    assert plan.traffic_s >= under_traffic + 60 * len(faults)
    assert plan.observe_s == OBSERVE_S[profile]


def test_a_recovery_at_its_limit_is_observed_until_it_has_lasted() -> None:
    limits = Limits(recover_s=40, write_recover_s=60)
    plan = make_plan(some(FAULTS[0]), profile="fast", replicas=1, seed=1, limits=limits)
    lasts_s = plan.thresholds.window_s
    assert plan.observed_s(5.0) == 60 + lasts_s - 5
    assert plan.observed_s(200.0) == OBSERVE_S["fast"]
    assert plan.shown_s == lasts_s + 2
    rare = make_plan(some(FAULTS[0], traffic=TrafficSpec(search_rate=20)), profile="fast", replicas=1, seed=1)
    assert rare.shown_s == 50 + 2  # a p99 asks for a thousand searches
    (step,) = (step for step in plan.steps if "recover" in step.text)
    assert (step.text, step.expected_s) == ("watch it recover until that lasts 30 s, for 86 s at most", plan.shown_s)
    own = make_plan(some(FAULTS[0], observe_s=7), profile="fast", replicas=1, seed=1, limits=limits)
    assert own.observed_s(0.0) == 7
    assert make_plan(some(), profile="fast", replicas=1, seed=1, limits=limits).observed_s(0.0) == 0


# What no type checker would let through is what a user may write all the same.
api: Any = harness.api


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: api.Kill(Role.PROXY, count=0), "count is 0 (Kill.count): input should be greater than or equal to 1"),
        (lambda: api.Kill(Role.PROXY, count=True), "count is True (Kill.count): input should be a valid integer"),
        (lambda: api.Kill(Role.PROXY, 2.5), "count is 2.5 (Kill.count): input should be a valid integer"),
        (
            lambda: api.Kill(Role.PROXY, heal_after_s=-1),
            "heal_after_s is -1 (Kill.heal_after_s): input should be greater",
        ),
        (lambda: api.Pause(Role.PROXY, for_s=0), "for_s is 0 (Pause.for_s): input should be greater than 0"),
        (lambda: api.Pause(Role.PROXY, for_s=float("nan")), "for_s is nan (Pause.for_s): input should be"),
        (lambda: api.Pause(Role.PROXY, for_s="5"), "for_s is '5' (Pause.for_s): input should be a valid number"),
        (lambda: api.Scale(Role.QUERY_NODE, to=0), "to is 0 (Scale.to): "),
        (lambda: api.Scale(Role.ETCD, to=2), "(Scale.role): scale a Milvus role"),
        (lambda: api.Kill("querynodes"), "role is 'querynodes' (Kill.role): take one of Role.PROXY, "),
        (lambda: api.Isolate(Role.ETCD, Role.PROXY), "(Isolate.role): isolate a Milvus role"),
        (
            lambda: api.Isolate(Role.PROXY, Role.PROXY),
            "proxy is isolated from itself (Isolate.other): ",
        ),
        (lambda: api.Upgrade(235), "to is 235 (Upgrade.to): input should be a valid string"),
        (lambda: api.Upgrade(""), "to is '' (Upgrade.to): "),
        (lambda: api.Configure({"a": 5}), "settings is 5 (Configure.settings.a): input should be a valid string"),
        (lambda: api.Configure("a=5"), "settings is 'a=5' (Configure.settings): "),
        (api.Kill, "role is missing (Kill): write Kill(role=...)"),
        (lambda: api.Kill(Role.PROXY, number=2), "there is no number (Kill): take one of role, count, heal_after_s"),
        (lambda: api.Kill(Role.PROXY, 1, 1.0, 7), "Kill"),
        (lambda: api.Chaos(0), "faults is 0 (Chaos.faults): "),
        (lambda: api.Chaos(pool="all"), "pool is 'all' (Chaos.pool): take one of members, overlapping"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused_in_one_line_as_it_is_made(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()
    assert "\n" not in str(refused.value)
    assert said in str(refused.value)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(BadInput, match=r"there is no settings profile 'quick'.*fast, default"):
        plan_of(some(), profile="quick")


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: DataSpec(rows=0), "data, rows"),
        (lambda: DataSpec(metric="L3"), "data, metric"),
        (lambda: DataSpec(index="IVF"), "data, index"),
        (lambda: DataSpec(search_params={"nprobe": 129}), "data, search_params.nprobe"),
        (lambda: DataSpec(index="HNSW", search_params={"ef": 5}), "data, search_params.ef"),
        (lambda: DataSpec(index_params={"M": 4}), "data, index_params"),
        (lambda: TrafficSpec(search_rate=-1), "traffic, search_rate"),
        (lambda: TrafficSpec(deadline_s=0), "traffic, deadline_s"),
        (lambda: TrafficSpec(rows_per_insert=0), "traffic, rows_per_insert"),
        (lambda: TrafficSpec(search_rate=0, insert_rate=0), "traffic"),
        (lambda: TrafficSpec(insert_rate=1, delete_rate=1.5), "traffic, delete_rate"),
    ],
)
def test_data_and_traffic_that_cannot_be_are_refused_where_they_are_written(make: Any, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()
    assert refused.value.where == where
