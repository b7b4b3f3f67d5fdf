"""A fault: its members exist, its undo is on disk before it, it is seen to take effect and to heal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.action import AnyAction
from harness.api import (
    Configure,
    Drain,
    Isolate,
    Kill,
    KillContainer,
    Pause,
    Scale,
    StopNode,
    Terminate,
    Upgrade,
)
from harness.cluster import Health, Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.journal import Journal, Undo, take_back
from harness.plan.plan import PlannedAction
from harness.run.driver import Driver, require
from tests.unit.fake_cluster import NoTraffic, Obedient, OnHardware, Watched


class Run:
    """A fault carried out on a fake cluster; what was told, and what was pending at each moment."""

    def __init__(self, cluster: Watched) -> None:
        self.cluster, self.journal = cluster, Journal(cluster.journal)
        self.told: list[str] = []
        self.details: list[Mapping[str, str]] = []
        self.waited_s: list[float] = []
        self.pending: dict[str, list[Undo]] = {}

    def do(self, fault: AnyAction, choice: int = 0) -> None:
        Driver(self.cluster, self.journal, self._tell, self._wait, NoTraffic(self.cluster)).carry_out(
            PlannedAction(fault, 0.0, choice, id="7")
        )

    def _tell(self, _label: str, what: str, detail: Mapping[str, str]) -> None:
        self.told.append(what)
        self.details.append(detail)
        self.pending.setdefault(what, [undo for step in self.journal.pending() for undo in step.undo])

    def _wait(self, seconds: float) -> None:
        self.waited_s.append(seconds)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(Obedient(tmp_path))


def calls(run: Run) -> list[str]:
    return run.cluster.calls


def test_a_kill_lasts_as_long_as_it_says_and_the_member_is_a_new_one_afterwards(run: Run) -> None:
    run.do(Kill(Role.QUERY_NODE, heal_after_s=1.5))
    assert run.told == ["inject", "effect", "heal", "healed"]
    assert calls(run) == ["kill querynode-1", "start querynode-1"]
    assert run.waited_s == [1.5]
    assert run.cluster.there["querynode-1"].uid == "2"


def test_the_undo_is_on_disk_before_the_fault_and_settled_once_it_is_healed(run: Run) -> None:
    run.do(Kill(Role.QUERY_NODE, count=2))
    assert run.pending["inject"] == [Undo("start", ("querynode-1",)), Undo("start", ("querynode-2",))]
    assert run.journal.pending() == []


@pytest.mark.parametrize(("choice", "hit"), [(0, "querynode-1"), (1, "querynode-2"), (2, "querynode-1")])
def test_the_plans_choice_decides_which_member_is_hit(run: Run, choice: int, hit: str) -> None:
    run.do(Kill(Role.QUERY_NODE), choice)
    assert calls(run)[0] == f"kill {hit}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choice=st.integers(0, 1 << 16), count=st.integers(1, 5))
def test_several_members_are_hit_each_once(tmp_path: Path, choice: int, count: int) -> None:
    run = Run(Obedient(tmp_path, (Role.QUERY_NODE,) * 5))
    run.do(Kill(Role.QUERY_NODE, count=count), choice)
    killed = [call for call in calls(run) if call.startswith("kill")]
    assert len(killed) == len(set(killed)) == count


def test_a_selection_that_matches_nothing_is_an_error_and_nothing_is_done(run: Run) -> None:
    with pytest.raises(BadInput, match="1 members of datanode are to be hit, 0 live"):
        run.do(Kill(Role.DATA_NODE))
    run.cluster.set("querynode-2", health=Health.DEAD)
    with pytest.raises(BadInput, match="2 members of querynode are to be hit, 1 live"):
        run.do(Kill(Role.QUERY_NODE, count=2))
    assert run.told == calls(run) == []
    assert not run.cluster.journal.exists()


def test_a_member_that_is_not_ready_is_never_chosen(run: Run) -> None:
    run.cluster.set("querynode-1", health=Health.PAUSED)
    run.do(Kill(Role.QUERY_NODE))
    assert calls(run)[0] == "kill querynode-2"


def test_a_pause_stands_for_its_time_and_the_member_goes_on(run: Run) -> None:
    run.do(Pause(Role.PROXY, for_s=5))
    assert run.told == ["inject", "effect", "heal", "healed"]
    assert calls(run) == ["pause proxy-1", "resume proxy-1", "start proxy-1"]
    assert run.pending["inject"] == [Undo("resume", ("proxy-1",)), Undo("start", ("proxy-1",))]
    assert run.waited_s == [5]
    assert run.cluster.there["proxy-1"].uid == "1"


@pytest.mark.parametrize(
    ("fault", "call", "undo"),
    [
        (Scale(Role.QUERY_NODE, to=4), "scale querynode 4", [Undo("scale", ("querynode", "2"))]),
        (Scale(Role.QUERY_NODE, to=1), "scale querynode 1", [Undo("scale", ("querynode", "2"))]),
        (Upgrade("2.3.5"), "upgrade 2.3.5", None),
        (Configure({"a": "b"}), "configure {'a': 'b'}", None),
    ],
)
def test_a_change_takes_effect_with_its_first_member(
    run: Run, fault: AnyAction, call: str, undo: list[Undo] | None
) -> None:
    everyone = [Undo("start", (f"{role}-{n}",)) for role, n in (("proxy", 1), ("mixcoord", 1), ("querynode", 1))]
    run.do(fault)
    assert run.told[:2] == ["inject", "effect"]
    assert run.told[-2:] == ["heal", "healed"]
    assert set(run.told[2:-2]) <= {"member"}
    assert calls(run) == [call]
    assert run.pending["inject"] == (undo or [*everyone, Undo("start", ("querynode-2",))])
    assert run.journal.pending() == []


def test_a_change_that_changes_no_member_did_not_happen(run: Run) -> None:
    with pytest.raises(ClusterError, match="scale querynode to 2 changed no member"):
        run.do(Scale(Role.QUERY_NODE, to=2))
    assert "healed" not in run.told


class Disobedient(Obedient):
    """Says that it did what it was told, and did something else."""

    def __init__(self, folder: Path, **instead: Any) -> None:
        super().__init__(folder)
        self._instead = instead

    def kill(self, member: str) -> None:
        self.set(member, **self._instead.get("kill", {"health": Health.DEAD}))

    def pause(self, member: str) -> None:
        self.set(member, **self._instead.get("pause", {"health": Health.PAUSED}))

    def resume(self, member: str) -> None:
        self.set(member, **self._instead.get("resume", {"health": Health.READY}))

    def start(self, member: str) -> None:
        self.set(member, **self._instead.get("start", {"health": Health.READY, "uid": "2"}))

    def _roll(self, on_member: Any) -> None:
        on_member("proxy-1", "leaving")


READY, DEAD, PAUSED = ({"health": health} for health in (Health.READY, Health.DEAD, Health.PAUSED))


@pytest.mark.parametrize(
    ("fault", "instead", "said", "last_told"),
    [
        (Kill(Role.PROXY), {"kill": READY}, "proxy-1 is ready, not dead", "inject"),
        (Kill(Role.PROXY), {"start": READY}, "proxy-1 was not started again", "heal"),
        (Kill(Role.PROXY), {"start": {"uid": "2"}}, "proxy-1 was not started again", "heal"),
        (Pause(Role.PROXY), {"pause": READY}, "proxy-1 is ready, not paused", "inject"),
        (Pause(Role.PROXY), {"resume": PAUSED, "start": {}}, "proxy-1 is paused, not ready", "heal"),
        (Pause(Role.PROXY), {"resume": DEAD, "start": {}}, "proxy-1 is dead, not ready", "heal"),
        (Upgrade("2.3.5"), {}, "upgrade to 2.3.5 changed no member", "effect"),
        (Configure({"a": "b"}), {}, "set a=b changed no member", "effect"),
    ],
)
def test_what_did_not_take_effect_or_did_not_heal_is_an_error_and_stays_pending(
    tmp_path: Path, fault: AnyAction, instead: dict[str, Any], said: str, last_told: str
) -> None:
    run = Run(Disobedient(tmp_path, **instead))
    with pytest.raises(ClusterError, match=said):
        run.do(fault)
    assert run.told[-1] == last_told
    assert [undo for step in run.journal.pending() for undo in step.undo] == run.pending["inject"] != []


@pytest.mark.parametrize(
    "fault",
    [
        *(Kill(Role.PROXY), Pause(Role.PROXY), Scale(Role.PROXY, 2), Upgrade("2.3.5"), Terminate(Role.PROXY)),
        *(KillContainer(Role.PROXY), Drain(Role.PROXY), StopNode(Role.PROXY), Isolate(Role.PROXY, Role.ETCD)),
    ],
)
def test_what_a_platform_cannot_do_is_refused_before_anything_is_done(tmp_path: Path, fault: AnyAction) -> None:
    run = Run(Watched(tmp_path))
    with pytest.raises(Unsupported, match=f"{fault.label} can't be done: "):
        run.do(fault)
    assert run.told == []
    require(OnHardware(tmp_path), fault)


@pytest.mark.parametrize(
    ("fault", "done", "undo"),
    [
        (Terminate(Role.PROXY), ["terminate proxy-1", "start proxy-1"], Undo("start", ("proxy-1",))),
        (KillContainer(Role.PROXY), ["kill container proxy-1", "start proxy-1"], Undo("start", ("proxy-1",))),
        (
            Drain(Role.PROXY),
            ["drain proxy-node", "uncordon proxy-node"],
            Undo("uncordon", ("proxy-node",), outlives=True),
        ),
        (
            StopNode(Role.PROXY),
            ["stop proxy-node", "start proxy-node"],
            Undo("start_node", ("proxy-node",), outlives=True),
        ),
        (
            Isolate(Role.PROXY, Role.ETCD),
            ["isolate proxy etcd", "join proxy etcd"],
            Undo("join", (Role.PROXY, Role.ETCD), outlives=True),
        ),
    ],
)
def test_what_lies_beneath_members_is_hurt_and_given_back(
    tmp_path: Path, fault: AnyAction, done: list[str], undo: Undo
) -> None:
    run = Run(OnHardware(tmp_path))
    run.do(fault)
    assert run.told == ["inject", "effect", "heal", "healed"]
    assert [call for call in calls(run) if not call.startswith("wait")] == done
    assert run.pending["effect"] == [undo]
    assert run.journal.pending() == []
    take_back(run.cluster, undo)
    assert calls(run)[-1] == done[-1]


def test_a_node_that_holds_no_member_of_the_role_is_not_stopped(tmp_path: Path) -> None:
    run = Run(OnHardware(tmp_path))
    with pytest.raises(BadInput, match="no node with datanode may be stopped"):
        run.do(StopNode(Role.DATA_NODE))
    assert run.told == []
