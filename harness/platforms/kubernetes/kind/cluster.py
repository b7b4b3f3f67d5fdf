"""A Milvus on a kind cluster: its nodes are containers of this machine, so they can be stopped and filtered too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import product

from harness.cluster import Health, Pulse, Role
from harness.errors import BadInput, ClusterError
from harness.platforms.kubernetes.access import inside
from harness.platforms.kubernetes.access.api import Unanswered
from harness.platforms.kubernetes.kind import kind
from harness.platforms.kubernetes.kind.meter import Meter
from harness.platforms.kubernetes.milvus.operated import KubernetesCluster
from harness.platforms.kubernetes.milvus.pods import Pod
from harness.platforms.kubernetes.milvus.watched import POLL_S, READY_S
from harness.platforms.kubernetes.place import Place
from harness.platforms.state import Folder
from harness.platforms.waiting import until

_TOOK_S = 15.0
# A packet that is dropped is not answered: a connection attempt waits.
_KNOCK = "timeout 2 bash -c '</dev/tcp/{ip}/{port}' 2>/dev/null && echo open || echo closed"


class KindCluster(KubernetesCluster):
    """The verbs of NodePower, Isolable and Metered on top."""

    def __init__(self, folder: Folder, place: Place) -> None:
        super().__init__(folder, place)
        self._stopped: set[str] = set()

    def nodes(self) -> tuple[str, ...]:
        """Return the nodes that may be stopped: all but those of the control plane."""
        label = "node-role.kubernetes.io/control-plane"
        found = (one["metadata"] for one in self._kube.items("Node"))
        return tuple(sorted(one["name"] for one in found if label not in one.get("labels", {})))

    def metered(self) -> Callable[[], Mapping[str, float]] | None:
        """Return who tells how much processor time the nodes took, with all that runs on them."""
        meter = Meter(one["metadata"]["name"] for one in self._kube.items("Node"))
        return meter.read_s if meter.knows_all else None

    def pulse(self) -> dict[str, Pulse]:
        """Return who lives. Kubernetes takes 40 s to see that a node is gone; the harness knows at once."""
        seen = super().pulse()
        dead = {name for name, pod in self._pods().items() if pod.node in self._stopped}
        return {name: Pulse(p.uid, Health.DEAD) if name in dead else p for name, p in seen.items()}

    def stop_node(self, node: str) -> None:
        """Stop a node's container, and see it stopped."""
        if node not in self.nodes():
            there = ", ".join(self.nodes()) or "none: set kind.workers"
            raise BadInput(f"node {node} can't be stopped", where="nodes", mend=f"take one of {there}")
        kind.stop_node(node)
        if kind.runs(node):
            raise ClusterError(f"node {node} runs on", where="nodes", mend=f"see docker inspect {node}")
        self._stopped.add(node)

    def start_node(self, node: str) -> None:
        """Start a node's container again and wait until it is back and what lay on it was started anew.

        For some seconds Kubernetes says of both what it said before the node was stopped. Nothing to do where it runs.
        """
        if kind.runs(node):
            return
        before, lying = self._heartbeat(node), self._pods_on(node)
        kind.start_node(node)
        if not until(lambda: self._heartbeat(node) not in ("", before) and self._is_node_ready(node), READY_S, POLL_S):
            raise ClusterError(f"node {node} is not ready", where="nodes", mend="see kubectl describe node")
        if not until(lambda: not lying.items() & self._pods_on(node).items(), READY_S, POLL_S):
            raise self._failed(f"what lies on node {node} was not started anew")
        self._stopped.discard(node)

    def isolate(self, one: Role, other: Role) -> None:
        """Drop every packet between the pods of two roles on all nodes, and see that they can't connect."""
        pairs = list(self._pairs(one, other))
        if not all(self._reaches(*pair) for pair in pairs):
            raise ClusterError(f"{one} can't reach {other} anyway", where=self.name, mend="see harness status")
        kind.drop(self.place.kind_name, self._mark(one, other), [(a.ip, b.ip) for a, b in pairs])
        if not until(lambda: not any(self._reaches(*pair) for pair in pairs), _TOOK_S, POLL_S):
            raise ClusterError(f"{one} still reaches {other}", where=self.name, mend="see iptables on the nodes")

    def join(self, one: Role, other: Role) -> None:
        """Let packets pass again, and see that no rule is left that drops them."""
        kind.undrop(self.place.kind_name, self._mark(one, other))

    def _mark(self, one: Role, other: Role) -> str:
        return f"harness-{self.name}-{one}-{other}"

    def _pairs(self, one: Role, other: Role) -> Iterator[tuple[Pod, Pod]]:
        living = [pod for pod in self._pods().values() if pod.health is Health.READY]
        sides = [[pod for pod in living if pod.role is role] for role in (one, other)]
        if not all(sides):
            raise BadInput(f"{one} and {other} have no ready members both", where=self.name, mend="harness status")
        return product(*sides)  # type: ignore[return-value]  # product of two is pairs

    def _reaches(self, one: Pod, other: Pod) -> bool:
        knock = _KNOCK.format(ip=other.ip, port=other.port)
        return "open" in inside.run(self._kube, self._namespace, one, knock)

    def _pods_on(self, node: str) -> dict[str, str]:
        """Return the members on a node with what tells their lives apart."""
        return {name: pod.uid for name, pod in self._pods().items() if pod.node == node}

    def _heartbeat(self, node: str) -> str:
        """Return when the node last said that it lives; empty while nobody can be asked."""
        with suppress(ClusterError):
            lease = self._kube.get("Lease", node, "kube-node-lease", "coordination.k8s.io/v1") or {"spec": {}}
            return str(lease["spec"].get("renewTime", ""))
        return ""

    def _is_node_ready(self, node: str) -> bool:
        with suppress(Unanswered):
            found = self._kube.get("Node", node) or {}
            conditions = found.get("status", {}).get("conditions", [])
            return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return False
