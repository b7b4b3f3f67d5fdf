"""What is added from outside comes through the same door: planned, journalled, carried out, healed, refused."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec, Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.journal import Journal, Undo, heal
from harness.plan.plan import Plan, make_plan
from harness.plan.scenario import Scenario
from harness.platforms import entry, registry
from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.run.driver import Driver, refuse
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


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have the toy platform installed beside those of the harness."""
    toy = EntryPoint("toy", "tests.unit.toy:ENTRY", entry.GROUP)
    found = EntryPoints((*entry_points(group=entry.GROUP), toy))
    monkeypatch.setattr(entry, "entry_points", found.select)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_platform_is_found_by_its_entry_point_and_so_are_its_clusters() -> None:
    assert entry.names() == ["local", "kind", "kubernetes", "toy"]
    platform = registry.make_platform(PlatformChoice("toy"))
    refuse(SCENARIO.faults[0], platform)  # type: ignore[index]  # they are named one by one there
    platform.create(ClusterSpec("napping"), keep=True)
    cluster = registry.open_cluster("napping")
    assert isinstance(cluster, SleepyCluster)
    assert Ailment("pillows", ok=True, mend="") in [one for each in entry.entries() for one in each.doctor()]


@pytest.mark.usefixtures("installed")
def test_a_platform_that_is_not_installed_is_told_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"platform 'moon' \(--platform\): take one of local, kind, kubernetes, toy"):
        registry.make_platform(PlatformChoice("moon"))
    registry.make_platform(PlatformChoice("toy")).create(ClusterSpec("napping"), keep=True)
    monkeypatch.setattr(entry, "entry_points", entry_points)
    with pytest.raises(BadInput, match=r"there is no platform 'toy' \(.*napping\)"):
        registry.open_cluster("napping")


def test_what_an_action_needs_a_platform_of_the_harness_refuses() -> None:
    with pytest.raises(Unsupported, match="it has no Sleepy"):
        refuse(Lull(Role.PROXY), registry.make_platform(PlatformChoice()))
