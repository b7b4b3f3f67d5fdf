"""What is added from outside comes through the same door: planned, journalled, carried out, healed, refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.cluster import Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.journal import Journal, Undo, heal
from harness.plan.plan import Plan, make_plan
from harness.plan.scenario import Scenario
from harness.run.driver import Driver
from tests.unit.fake_cluster import NoTraffic, Obedient, Watched
from tests.unit.toy import Lull, SleepyCluster

SCENARIO = Scenario("lulled", "A proxy sleeps", faults=(Lull(Role.PROXY, for_s=2),))


def plan() -> Plan:
    return make_plan(SCENARIO, profile="fast", replicas=1, seed=1)


def carry_out(cluster: Watched) -> list[tuple[str, Mapping[str, str]]]:
    told: list[tuple[str, Mapping[str, str]]] = []

    def tell(_label: str, moment: str, detail: Mapping[str, str]) -> None:
        told.append((moment, detail))

    for planned in plan().actions:
        Driver(cluster, Journal(cluster.journal), tell, lambda _: None, NoTraffic(cluster)).carry_out(planned)
    return told


def test_it_is_a_step_of_the_plan() -> None:
    (line,) = (line for line in plan().lines() if "lull" in line)
    assert "then lull proxy for 2 s (62 s + 4 s)" in line


def test_it_is_carried_out_and_each_moment_bears_its_id(tmp_path: Path) -> None:
    cluster = SleepyCluster(tmp_path)
    told = carry_out(cluster)
    assert [moment for moment, _ in told] == ["inject", "effect", "heal", "healed"]
    assert {detail["action"] for _, detail in told} == {"1"}
    assert cluster.calls == ["lull proxy-1", "wake proxy-1"]
    assert Journal(cluster.journal).pending() == []


def test_what_was_not_seen_did_not_happen_and_heal_finishes_it(tmp_path: Path) -> None:
    cluster = SleepyCluster(tmp_path)
    cluster.obeys = False
    with pytest.raises(ClusterError, match="proxy-1 is ready, not paused"):
        carry_out(cluster)
    assert heal(cluster).taken_back == [Undo("wake", ("proxy-1",))]
    assert cluster.calls == ["lull proxy-1", "wake proxy-1"]


def test_where_the_verb_is_missing_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="lull proxy for 2 s can't be done: it has no Sleepy"):
        carry_out(Obedient(tmp_path))


def test_what_it_is_told_is_checked_as_it_is_made() -> None:
    with pytest.raises(BadInput, match=r"for_s is 0 \(Lull\.for_s\): input should be greater than 0"):
        Lull(Role.PROXY, for_s=0)
