"""The members of a cluster as its pods come and go, by watch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from harness.cluster import Role
from harness.platforms.kubernetes.access.api import MILVUS, Kube, Object
from harness.platforms.kubernetes.access.mirror import Mirror
from harness.platforms.kubernetes.deploy.install import has_definition
from harness.platforms.kubernetes.milvus.event_feed import EventFeed
from harness.platforms.kubernetes.milvus.member_names import MemberNames
from harness.platforms.kubernetes.milvus.pods import Pod, is_over, pod_of, role_of

# Told a member's name and its pod as that is asked to go: what it wrote goes with it.
OnLeaving = Callable[[str, Pod], None]


class Follower:
    """Knows at any moment which pod fills which member's place. Threads follow pods and deployments.

    `on_leaving` is called from one of them, so it must not take long.
    """

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        cluster: str,
        selectors: Mapping[Role, str],
        feed: EventFeed,
        *,
        on_leaving: OnLeaving = lambda _name, _pod: None,
    ) -> None:
        self._cluster, self._selectors, self._feed = cluster, selectors, feed
        self._on_leaving = on_leaving
        self._lock = threading.Lock()
        self._pods: dict[str, Pod] = {}
        self._replicas: dict[str, tuple[Role, int]] = {}
        self._most: dict[Role, int] = {}
        self._slots = MemberNames()
        self._away = False
        self._following = False
        self._mirrors = [
            Mirror(kube, "Deployment", namespace, self._on_deployment, api="apps/v1"),
            Mirror(kube, "Pod", namespace, self._on_pod),
            Mirror(kube, "Event", namespace, self._on_event),
        ]
        if has_definition(kube):
            self._mirrors.append(Mirror(kube, MILVUS[1], namespace, self._on_resource, api=MILVUS[0]))

    def start(self) -> None:
        """Know all there is, then follow. Errors: ClusterError."""
        for mirror in self._mirrors:
            mirror.start()
        self._following = True

    def stop(self) -> None:
        """Stop following."""
        for mirror in self._mirrors:
            mirror.stop()

    def look_away(self) -> None:
        """Note when the API server stops answering, and when it does again."""
        away = any(mirror.away_since_ns is not None for mirror in self._mirrors)
        if away is not self._away:
            self._away = away
            self._feed.note("API server", "does not answer: what members do is not seen" if away else "answers again")

    def pods(self) -> dict[str, Pod]:
        """Return the pod in every member's place; one that is gone is dead."""
        for mirror in self._mirrors:
            if mirror.failure:
                raise mirror.failure
        with self._lock:
            return self._slots.pods()

    def wanted(self) -> dict[Role, int]:
        """Return how many members each role should have."""
        with self._lock:
            return self._wanted()

    def _wanted(self) -> dict[Role, int]:
        wanted: dict[Role, int] = {}
        for role, count in self._replicas.values():
            wanted[role] = wanted.get(role, 0) + count
        # A dependency of another kind of controller, none of which has more at any time, should have what it once had.
        return self._most | wanted

    def _on_deployment(self, change: str, found: Object, _t_ns: int) -> None:
        role = role_of(found["spec"]["template"]["metadata"].get("labels", {}), self._cluster, self._selectors)
        if role is None:
            return
        with self._lock:
            if change == "DELETED":
                self._replicas.pop(found["metadata"]["uid"], None)
            else:
                self._replicas[found["metadata"]["uid"]] = (role, found["spec"].get("replicas", 1))
            self._slots.update(self._pods.values(), self._wanted())

    def _on_pod(self, change: str, found: Object, _t_ns: int) -> None:
        role = role_of(found["metadata"].get("labels", {}), self._cluster, self._selectors)
        if role is None:
            return
        uid, seen = found["metadata"]["uid"], pod_of(found, role)
        with self._lock:
            before = self._pods.get(uid)
            if before and seen.leaving and not before.leaving:
                place = next((name for name, pod in self._slots.pods().items() if pod.name == seen.name), seen.name)
                self._on_leaving(place, seen)
            if change == "DELETED" or is_over(found):
                self._pods.pop(uid, None)
            else:
                self._pods[uid] = seen
            for each in self._selectors:
                there = sum(pod.role is each and not pod.leaving for pod in self._pods.values())
                self._most[each] = max(self._most.get(each, 0), there)
            self._slots.update(self._pods.values(), self._wanted())

    def _on_event(self, change: str, found: Object, t_ns: int) -> None:
        if self._following:  # what was listed at first is of the past
            self._feed.on_event(change, found, t_ns)

    def _on_resource(self, change: str, found: Object, t_ns: int) -> None:
        if found["metadata"]["name"] == self._cluster:
            self._feed.on_resource(change, found, t_ns)
