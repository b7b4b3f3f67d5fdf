"""Following objects: what a watch tells, and what it misses while it is broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from harness.cluster import Health, Role
from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import Kube, Object, Unanswered
from harness.platforms.kubernetes.access.mirror import Mirror
from harness.platforms.kubernetes.milvus.event_feed import EventFeed
from harness.platforms.kubernetes.milvus.follower import Follower
from harness.platforms.kubernetes.milvus.rollout import Rollout
from harness.platforms.waiting import until
from tests.unit.kube_objects import pod, resource


class Server:
    """An API server with a script: each watch is a list of events, or an error."""

    def __init__(self, *listings: list[Object], watches: list[list[tuple[str, Object]] | None]) -> None:
        self.listings, self.watches = list(listings), watches
        self.patched: list[Object] = []

    def knows(self, *_: str) -> bool:
        return False

    def listing(self, kind: str, _namespace: str, *, api: str) -> tuple[list[Object], str]:
        if api == "apps/v1":
            return [deployment()], "1"
        if kind == "Event":
            return [], "1"
        return (self.listings.pop(0) if len(self.listings) > 1 else self.listings[0]), "1"

    def watch(self, kind: str, _namespace: str, _version: str, _opened: Any, **_: Any) -> Iterator[tuple[str, Object]]:
        if kind != "Pod" or not self.watches:
            return iter(())
        events = self.watches.pop(0)
        if events is None:
            raise ClusterError("410 Gone", where="pods", mend="list them again")
        return iter(events)

    def patch(self, *arguments: Any) -> Object:
        if arguments[3] not in self.patched:
            self.patched.append(arguments[3])
        return self.milvus()

    def milvus(self, *_: Any) -> Object:
        return resource(1 + len(self.patched), MilvusUpdated="True", MilvusReady="True")


def deployment() -> Object:
    labels = {"app.kubernetes.io/instance": "dev", "app.kubernetes.io/component": "querynode"}
    return deployed("d", 2, labels)


def deployed(name: str, replicas: int, labels: dict[str, str]) -> Object:
    spec = {"replicas": replicas, "template": {"metadata": {"labels": labels}}}
    return {"metadata": {"name": name, "uid": name, "resourceVersion": "1"}, "spec": spec}


def at(version: str, found: Object) -> Object:
    found["metadata"]["resourceVersion"] = version
    return found


def mirrored(server: Server) -> tuple[Mirror, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    mirror = Mirror(
        cast("Kube", server), "Pod", "dev", lambda change, found, _: told.append((change, found["metadata"]["name"]))
    )
    return mirror, told


def test_everything_there_is_told_before_anything_that_happens() -> None:
    a, b = at("1", pod("a", uid="a")), at("2", pod("b", uid="b"))
    mirror, told = mirrored(Server([a], watches=[[("ADDED", b), ("DELETED", a)]]))
    mirror.start()
    assert until(lambda: len(told) == 3, 5)
    mirror.stop()
    assert told == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]


def test_what_happened_while_the_watch_was_broken_is_told_afterwards() -> None:
    a, b, c = (at("1", pod(name, uid=name)) for name in "abc")
    changed = at("2", pod("b", uid="b", ready=False))
    mirror, told = mirrored(Server([a, b], [changed, c], watches=[None]))
    mirror.start()
    assert until(lambda: len(told) == 5, 5)
    mirror.stop()
    assert told == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a"), ("MODIFIED", "b"), ("ADDED", "c")]
    assert mirror.away_since_ns is None


class Away(Server):
    """An API server that stops answering once it was listed."""

    def listing(self, *_: Any, **__: Any) -> tuple[list[Object], str]:
        if not self.listings:
            raise Unanswered("no answer", where="pods", mend="wait")
        return [], str(self.listings.pop())

    def watch(self, *_: Any, **__: Any) -> Iterator[tuple[str, Object]]:
        raise Unanswered("no answer", where="pods", mend="wait")


def test_only_a_server_that_does_not_answer_is_away() -> None:
    mirror, _ = mirrored(Away([], watches=[]))
    mirror.start()
    assert until(lambda: mirror.away_since_ns is not None, 5)
    mirror.stop()
    mirror, _ = mirrored(Server([pod("a")], watches=[None] * 3))  # its version is too old: it is listed again
    mirror.start()
    assert not until(lambda: mirror.away_since_ns is not None, 0.3)
    mirror.stop()


def test_a_member_that_is_replaced_keeps_its_place(tmp_path: Path) -> None:
    old, new = at("1", pod("old", uid="old")), at("2", pod("new", uid="new", ready=False))
    server = Server([old], watches=[[("DELETED", old), ("ADDED", new)]])
    follower = Follower(cast("Kube", server), "dev", "dev", {Role.ETCD: "app=etcd"}, EventFeed(tmp_path))
    follower.start()
    assert follower.wanted() == {Role.QUERY_NODE: 2, Role.ETCD: 0}
    assert until(lambda: [one.name for one in follower.pods().values()] == ["new"], 5)
    assert follower.pods()["querynode-1"].health is Health.STARTING
    follower.stop()


def etcd(name: str, **metadata: Any) -> Object:
    made = pod(name, uid=name, created=f"2025-01-01T00:00:0{len(name)}Z", **metadata)
    made["metadata"]["labels"] = {"app": "etcd"}
    return made


def test_a_dependency_whose_old_pod_is_still_leaving_keeps_its_place(tmp_path: Path) -> None:
    follower = Follower(
        cast("Kube", Server([], watches=[])), "dev", "dev", {Role.ETCD: "app=etcd"}, EventFeed(tmp_path)
    )
    follower._on_pod("ADDED", etcd("a"), 0)
    # A replacement may be there before what it replaces is gone, even where that was deleted without grace.
    leaving = etcd("a", deletionTimestamp="2025-01-01T00:00:00Z")
    for change, found in (("MODIFIED", leaving), ("ADDED", etcd("bb")), ("DELETED", leaving)):
        follower._on_pod(change, found, 0)
    assert {name: found.name for name, found in follower.pods().items()} == {"etcd-1": "bb"}
    assert follower.wanted() == {Role.ETCD: 1}


def test_a_dependency_should_have_what_its_deployment_says(tmp_path: Path) -> None:
    follower = Follower(
        cast("Kube", Server([], watches=[])), "dev", "dev", {Role.ETCD: "app=etcd"}, EventFeed(tmp_path)
    )
    follower._on_deployment("ADDED", deployed("etcd", 1, {"app": "etcd"}), 0)
    for found in (etcd("a"), etcd("bb")):  # one more for a moment, while they are rolled
        follower._on_pod("ADDED", found, 0)
    follower._on_pod("DELETED", etcd("a"), 0)
    assert [pod.name for pod in follower.pods().values()] == ["bb"]
    assert follower.wanted() == {Role.ETCD: 1}


def test_a_change_is_through_when_the_pods_and_the_resource_say_so(tmp_path: Path) -> None:
    server, told = Server([], watches=[]), list[tuple[str, str]]()
    looks = [{"querynode-1": "old"}, {"querynode-1": "old"}, {"querynode-1": "gone"}, {"querynode-1": "new"}]

    def pods() -> dict[str, Any]:
        uids = looks.pop(0) if len(looks) > 1 else looks[0]
        found = Follower(cast("Kube", server), "dev", "dev", {}, EventFeed(tmp_path))
        for place, uid in uids.items():
            gone = uid == "gone"
            found._on_pod("ADDED", pod(place, uid="old" if gone else uid, ready=not gone), 0)
        return found.pods()

    rollout = Rollout(cast("Kube", server), "dev", "dev", pods)
    done = rollout.carry_out({"spec": 1}, lambda name, what: told.append((name, what)), rollout.replaced, 10)
    assert done
    assert server.patched == [{"spec": 1}]
    assert told == [("querynode-1", "leaving"), ("querynode-1", "ready")]
    assert not rollout.carry_out({"spec": 2}, lambda _name, _what: None, lambda _: False, 0.3)
    # What is so already changes nothing, and is not waited for.
    assert rollout.carry_out({"spec": 2}, lambda _name, _what: None, lambda _: False, 0.3)


def test_a_pod_that_is_asked_to_go_is_told_of_once_and_by_its_place(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    follower = Follower(
        cast("Kube", Server([], watches=[])),
        "dev",
        "dev",
        {},
        EventFeed(tmp_path),
        on_leaving=lambda n, p: told.append((n, p.name)),
    )
    follower._on_deployment("ADDED", deployment(), 0)
    leaving = pod("a", deletionTimestamp="2025-01-01T00:00:00Z")
    for change, found in (("ADDED", pod("a")), ("MODIFIED", leaving), ("MODIFIED", leaving), ("DELETED", leaving)):
        follower._on_pod(change, found, 0)
    assert told == [("querynode-1", "a")]
    follower._on_pod("MODIFIED", {**pod("b"), "status": {"phase": "Failed"}}, 0)
    assert [one.name for one in follower.pods().values()] == ["a"]  # an evicted one is no member
