"""A change of the resource until it is through: followed member by member, and proven, not believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.cluster import Health
from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import MILVUS, Kube, Object
from harness.platforms.kubernetes.milvus.pods import Pod
from harness.platforms.waiting import until
from harness.verbs import OnMember

_POLL_S = 0.2
Pods = Callable[[], dict[str, Pod]]


class Rollout:
    """Tells what becomes of members, and knows when the resource's own report and the pods agree."""

    def __init__(self, kube: Kube, namespace: str, name: str, pods: Pods) -> None:
        self._kube, self._namespace, self._name, self._pods = kube, namespace, name, pods
        self._before = pods()
        self._told: set[tuple[str, str]] = set()

    def carry_out(
        self, change: Object, on_member: OnMember, through: Callable[[Mapping[str, Pod]], bool], timeout_s: float
    ) -> bool:
        """Patch the resource, follow its members, and return whether it was through within the time.

        `through` looks at the pods; the resource must have seen the change and say that it is updated, too: right
        after a change it still says so of the state before. Errors: ClusterError when the server refuses it.
        """
        before = self._kube.milvus(self._name, self._namespace) or {}
        patched = self._kube.patch(MILVUS[1], self._name, self._namespace, change, MILVUS[0])
        generation = patched["metadata"]["generation"]
        if before.get("metadata", {}).get("generation") == generation:
            return True  # it was so already

        def settled() -> bool:
            pods = self._pods()
            self._tell(pods, on_member)
            return (
                all(pod.health is Health.READY and not pod.leaving for pod in pods.values())
                and through(pods)
                and is_updated(self._kube, self._name, self._namespace, generation)
            )

        return until(settled, timeout_s, _POLL_S)

    def replaced(self, pods: Mapping[str, Pod]) -> bool:
        """Whether no Milvus pod is one of those from before."""
        old = {pod.uid for pod in self._before.values() if pod.role.is_milvus}
        return not any(pod.uid in old for pod in pods.values())

    def _tell(self, pods: Mapping[str, Pod], on_member: OnMember) -> None:
        there = {pod.uid for pod in pods.values() if not pod.leaving and pod.health is not Health.DEAD}
        for name, pod in self._before.items():
            if pod.uid not in there:
                self._once(name, pod.uid, "leaving", on_member)
        old = {pod.uid for pod in self._before.values()}
        for name, pod in pods.items():
            if pod.uid not in old and pod.health is Health.READY:
                self._once(name, pod.uid, "ready", on_member)

    def _once(self, name: str, uid: str, what: str, on_member: OnMember) -> None:
        if (uid, what) not in self._told:
            self._told.add((uid, what))
            on_member(name, what)


def is_updated(kube: Kube, name: str, namespace: str, generation: int = 0) -> bool:
    """Whether the resource says, of this generation or its latest, that all its members are what they should be.

    False while the API server is away for a moment.
    """
    try:
        resource = kube.milvus(name, namespace) or {}
    except ClusterError:
        return False
    status, wanted = resource.get("status", {}), max(generation, resource.get("metadata", {}).get("generation", 0))
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    seen = status.get("observedGeneration", 0) >= wanted
    return seen and conditions.get("MilvusUpdated") == "True" and conditions.get("MilvusReady") == "True"
