"""A Milvus on Kubernetes that can be hurt: its pods, their containers, and the nodes they lie on."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from harness.cluster import Health
from harness.errors import BadInput, ClusterError
from harness.platforms import collections
from harness.platforms.kubernetes.access import inside, nodes
from harness.platforms.kubernetes.access.api import Unanswered
from harness.platforms.kubernetes.milvus.pods import Pod
from harness.platforms.kubernetes.milvus.watched import POLL_S, READY_S, WatchedCluster
from harness.platforms.started import Started
from harness.platforms.waiting import until
from harness.verbs import OnMember

# The operator gives a pod 30 days; a proxy sleeps for 30 s before it ends, and Milvus drains for at most 30 s more.
_STOP_S = 90
_GONE_S = 15.0


class BreakableCluster(Started, WatchedCluster):
    """The verbs of Breakable, Contained and OnNodes."""

    def kill(self, member: str) -> None:
        """SIGKILL the program in a member's pod, delete the pod without any grace, and see it gone.

        Deleted alone, its object would be gone at once and its program be asked to end in its own time.
        """
        pod = self._pod(member)
        self._keep_log(member, pod)
        try:
            inside.signal(self._kube, self._namespace, pod, "KILL")
        except ClusterError as error:  # one that is its container's first process can't be killed from inside
            self._feed.note(member, f"is asked to end, and killed by Kubernetes a moment later: {error.what}")
        self._delete(member, pod, grace_s=0, timeout_s=_GONE_S)

    def drop(self, collection: str) -> None:
        """Remove a collection of the harness's. Errors: ClusterError."""
        collections.drop(self.endpoint(), collection)

    def kill_container(self, member: str) -> None:
        """SIGKILL the program in a member's container, and see that it ended; its pod stays."""
        pod = self._living(member, "killed")
        inside.signal(self._kube, self._namespace, pod, "KILL")

        def ended() -> bool:
            now = self._pod(member)
            return now.uid != pod.uid or now.health is Health.DEAD

        if not until(ended, _GONE_S, POLL_S):
            raise ClusterError(f"{member} still runs", where=f"pod {pod.name}", mend="see its log")

    def terminate(self, member: str) -> None:
        """Delete a member's pod with a grace that ends, and see it gone."""
        pod = self._pod(member)
        self._keep_log(member, pod)
        self._delete(member, pod, grace_s=_STOP_S, timeout_s=_STOP_S + _GONE_S)

    def pause(self, member: str) -> None:
        """SIGSTOP the program in a member's container, and see that it stands."""
        pod = self._living(member, "paused")
        inside.signal(self._kube, self._namespace, pod, "STOP")
        if not until(lambda: inside.is_paused(self._kube, self._namespace, pod), _GONE_S, 0.5):
            raise ClusterError(f"{member} could not be paused", where=f"pod {pod.name}", mend="see its log")
        self._paused.add(pod.uid)

    def resume(self, member: str) -> None:
        """SIGCONT a member, and see that it goes on. One that then ends itself is started again by Kubernetes."""
        pod = self._pod(member)
        if pod.health is not Health.DEAD:
            inside.signal(self._kube, self._namespace, pod, "CONT")
            if not until(lambda: self._goes_on(member, pod), _GONE_S, 0.5):
                raise ClusterError(f"{member} still stands", where=f"pod {pod.name}", mend="see its log")
        self._paused.discard(pod.uid)

    def start(self, member: str) -> None:
        """Wait until Kubernetes has a ready pod in a member's place."""
        if not until(lambda: self._has_ready(member), READY_S, POLL_S):
            raise self._failed(f"{member} was not ready after {READY_S:.0f} s")

    def cordon(self, node: str) -> None:
        """Keep new pods from a node."""
        nodes.cordon(self._kube, node, self.place.mark)
        if not until(lambda: nodes.is_cordoned(self._kube, node), _GONE_S, POLL_S):
            raise ClusterError(f"node {node} is not cordoned", where="nodes", mend="see kubectl describe node")

    def uncordon(self, node: str) -> None:
        """Let new pods onto a node again, where it was the harness that kept them from it."""
        nodes.uncordon(self._kube, node, self.place.mark)

    def drain(self, node: str, on_member: OnMember) -> None:
        """Cordon a node and evict the Milvus members on it, with a grace that ends; what else lies on it stays."""
        there = {n: p for n, p in self._pods().items() if p.node == node and p.role.is_milvus}
        if not there:
            raise BadInput(f"no member lies on node {node}", where=self.name, mend="see harness status")
        self.cordon(node)
        for name, pod in there.items():
            self._keep_log(name, pod)
            on_member(name, "leaving")
            if not until(partial(self._kube.evict, pod.name, self._namespace, grace_s=_STOP_S), READY_S, 1.0):
                mend = "see kubectl get poddisruptionbudgets"
                raise ClusterError(f"{name} may not leave node {node}", where=f"pod {pod.name}", mend=mend)
        for name, pod in there.items():
            if not until(partial(self._is_gone, pod), _STOP_S + _GONE_S, POLL_S):
                raise ClusterError(f"{name} did not leave node {node}", where=f"pod {pod.name}", mend="see its log")

    def _goes_on(self, member: str, pod: Pod) -> bool:
        """Whether a resumed member's program runs, or has ended meanwhile."""
        if self._pod(member).uid != pod.uid:
            return True
        with suppress(ClusterError):  # its container ends at this moment, or nobody answers
            return not inside.is_paused(self._kube, self._namespace, pod)
        return False

    def _living(self, member: str, what: str) -> Pod:
        pod = self._pod(member)
        if pod.health is Health.DEAD:
            raise ClusterError(f"{member} could not be {what}: it is dead", where=self.name, mend="harness status")
        return pod

    def _has_ready(self, member: str) -> bool:
        """Whether a member's place, or where that was forgotten meanwhile every other of its role, has a ready pod."""
        pods = self._pods()
        role = member.rpartition("-")[0]
        asked = [pods[member]] if member in pods else [pod for pod in pods.values() if pod.role.value == role]
        if not asked:
            self._pod(member)
        return all(pod.health is Health.READY and not pod.leaving for pod in asked)

    def _delete(self, member: str, pod: Pod, *, grace_s: int, timeout_s: float) -> None:
        self._kube.delete("Pod", pod.name, self._namespace, grace_s=grace_s)

        def gone() -> bool:
            there = self._pods().get(member)
            return self._is_gone(pod) and (there is None or there.name != pod.name or there.health is Health.DEAD)

        if not until(gone, timeout_s, POLL_S):
            raise ClusterError(f"pod {pod.name} is still there", where=member, mend="see kubectl describe pod")

    def _is_gone(self, pod: Pod) -> bool:
        with suppress(Unanswered):
            return self._kube.get("Pod", pod.name, self._namespace) is None
        return False
