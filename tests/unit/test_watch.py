"""The watcher: every change of a member once, restarts between two looks too; what it can't see stops the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec, Health, Pulse, Role
from harness.errors import ClusterError
from harness.evidence.members.watcher import Watcher
from harness.evidence.orchestrator.recorder import OrchestratorRecorder
from harness.history import Event, EventKind
from harness.plan.plan import make_plan
from harness.plan.scenario import Scenario
from harness.platforms.waiting import until
from harness.run.polling import Polling
from harness.run.recorder import Recording
from harness.store.scenario_folder import ScenarioFolder
from tests.unit.fake_cluster import Obedient, member


class Seen:
    """What a watcher told of a cluster."""

    def __init__(self, cluster: Obedient) -> None:
        self.events: list[Event] = []
        self.polling = Polling("watcher", Watcher(cluster, self.events.append).look, 0.01)

    def of(self, name: str) -> list[str]:
        return [event.what for event in self.events if event.name == name]

    def count(self, name: str, number: int) -> bool:
        return until(lambda: len(self.of(name)) >= number, 5)


def test_each_change_is_told_once_with_its_time(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    seen = Seen(cluster)
    changes: list[Callable[[], None]] = [
        lambda: cluster.kill("querynode-1"),
        lambda: cluster.start("querynode-1"),
        lambda: cluster.pause("querynode-1"),
        lambda: cluster.resume("querynode-1"),
    ]
    with seen.polling.going_on():
        assert seen.count("querynode-1", 1)
        for number, change in enumerate(changes, 2):
            change()
            assert seen.count("querynode-1", number)
    assert seen.of("querynode-1") == ["up", "down", "up", "paused", "up"]
    assert all(seen.of(name) == ["up"] for name in cluster.there if name != "querynode-1")
    assert {event.kind for event in seen.events} == {EventKind.MEMBER}
    times = [event.t_ns for event in seen.events]
    assert times == sorted(times)
    assert [e.detail["uid"] for e in seen.events if e.name == "querynode-1"] == ["1", "1", "2", "2", "2"]


def test_a_restart_between_two_looks_was_a_death_as_well(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    seen = Seen(cluster)
    with seen.polling.going_on():
        assert seen.count("proxy-1", 1)
        cluster.renew("proxy-1")
        assert seen.count("proxy-1", 3)
    assert seen.of("proxy-1") == ["up", "down", "up"]


def test_members_that_come_and_go_are_told(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    seen = Seen(cluster)
    with seen.polling.going_on():
        assert seen.count("proxy-1", 1)
        cluster.there = {**cluster.there, "querynode-3": member("querynode-3", Role.QUERY_NODE)}
        assert seen.count("querynode-3", 1)
        cluster.there = {name: one for name, one in cluster.there.items() if name != "querynode-1"}
        assert seen.count("querynode-1", 2)
    assert seen.of("querynode-3") == ["up"]
    assert seen.of("querynode-1") == ["up", "gone"]


def test_a_member_that_starts_is_not_up_before_it_serves(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    seen = Seen(cluster)
    with seen.polling.going_on():
        assert seen.count("proxy-1", 1)
        cluster.set("proxy-1", health=Health.STARTING, uid="2")
        assert seen.count("proxy-1", 3)
        cluster.set("proxy-1", health=Health.READY)
        assert seen.count("proxy-1", 4)
    assert seen.of("proxy-1") == ["up", "down", "starting", "up"]


class Telling(Obedient):
    """Tells once what happened so far."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.news: list[Event] = []

    def happenings(self) -> Sequence[Event]:
        told, self.news = self.news, []
        return told


def recording(seen: Seen, folder: Path) -> Recording:
    plan = make_plan(Scenario("watched", "Watched"), profile="fast", replicas=1, seed=1)
    return Recording(plan, ClusterSpec("watched"), ScenarioFolder(folder), seen.events.append, lambda **_: None)


def test_what_an_eventful_cluster_tells_is_told_once_and_in_order(tmp_path: Path) -> None:
    cluster = Telling(tmp_path)
    events = [Event(n, EventKind.ORCHESTRATOR, "Pod/proxy-1", what) for n, what in enumerate(("Killing", "Started"))]
    cluster.news = list(events)
    seen = Seen(cluster)
    with OrchestratorRecorder(recording(seen, tmp_path)).watching(cluster):
        assert seen.count("Pod/proxy-1", 2)
        cluster.news = [Event(2, EventKind.WAY_IN, "port-forward", "broken")]
    assert seen.events == [*events, Event(2, EventKind.WAY_IN, "port-forward", "broken")]


class Deaf(Obedient):
    """Can't be heard."""

    def happenings(self) -> Sequence[Event]:
        raise OSError("no API server")


def test_a_platform_that_cannot_be_heard_ends_the_run(tmp_path: Path) -> None:
    recorder = OrchestratorRecorder(recording(Seen(Obedient(tmp_path)), tmp_path))

    def is_told() -> bool:
        try:
            recorder.check()
        except ClusterError:
            return True
        return False

    with recorder.watching(Deaf(tmp_path)):
        assert until(is_told, 5)
        with pytest.raises(ClusterError, match="the orchestrator can't be heard any more: no API server"):
            recorder.check()


class Reviving(Obedient):
    """One member ended by itself."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ended = ["querynode-2"]

    def revive(self) -> tuple[str, ...]:
        return (self.ended.pop(),) if self.ended else ()


def test_what_ended_by_itself_is_started_again_and_noted(tmp_path: Path) -> None:
    seen = Seen(Reviving(tmp_path))
    with seen.polling.going_on():
        assert seen.count("querynode-2", 2)
    notes = [event for event in seen.events if event.kind is EventKind.NOTE]
    assert [(note.name, note.what) for note in notes] == [("querynode-2", "ended by itself and was started again")]


class Blind(Obedient):
    """Can't be looked at."""

    def pulse(self) -> dict[str, Pulse]:
        raise OSError("no /proc")


def test_a_watcher_that_sees_nothing_says_so(tmp_path: Path) -> None:
    polling = Seen(Blind(tmp_path)).polling
    with polling.going_on():
        assert until(lambda: polling.failure is not None, 5)
    with pytest.raises(ClusterError, match=r"can't be watched: no /proc \(here\)"):
        polling.check("can't be watched", "here")


def test_nothing_is_watched_after_the_end(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    seen = Seen(cluster)
    with seen.polling.going_on():
        assert seen.count("proxy-1", 1)
    cluster.set("proxy-1", health=Health.DEAD)
    assert not any(thread.name == "watcher" for thread in threading.enumerate())
    assert seen.of("proxy-1") == ["up"]
