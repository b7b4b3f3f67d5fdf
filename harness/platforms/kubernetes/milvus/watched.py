"""A Milvus on Kubernetes as far as it can be looked at: its members, its logs, what Kubernetes says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path

from harness.cluster import Endpoint, Health, Member, Pulse, Role
from harness.errors import BadInput, ClusterError
from harness.history import Event
from harness.platforms.kubernetes.access.api import Kube, Object
from harness.platforms.kubernetes.access.forward import PortForward
from harness.platforms.kubernetes.deploy import install
from harness.platforms.kubernetes.deploy.install import filled
from harness.platforms.kubernetes.milvus import logs, reports
from harness.platforms.kubernetes.milvus.diagnosis import diagnose, look
from harness.platforms.kubernetes.milvus.event_feed import EventFeed
from harness.platforms.kubernetes.milvus.follower import Follower
from harness.platforms.kubernetes.milvus.pods import INSTANCE, Pod, role_of
from harness.platforms.kubernetes.place import Place
from harness.platforms.state import Folder
from harness.platforms.waiting import until

POLL_S = 0.1
# A member's pod is scheduled, started and seen to be ready: the operator's probes look every 10 and 15 s.
READY_S = 180.0
_PROXY_PORT = 19530


class WatchedCluster:
    """The verbs of Cluster and Eventful. Threads follow its pods from the first question on."""

    def __init__(self, folder: Folder, place: Place) -> None:
        self.folder, self.place = folder, place
        self._paused: set[str] = set()
        self._opened: list[PortForward] = []
        self._keepers = ThreadPoolExecutor(1, "keep logs")  # starts no thread before there is something to keep

    @cached_property
    def _kube(self) -> Kube:
        return self.place.kube(self.folder.path)

    @cached_property
    def _feed(self) -> EventFeed:
        return EventFeed(self._logs)

    @cached_property
    def _follower(self) -> Follower:
        follower = Follower(
            self._kube,
            self._namespace,
            self.milvus,
            self._selectors,
            self._feed,
            on_leaving=self._keep_log_of_leaving,
        )
        follower.start()
        return follower

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.folder.name

    @property
    def milvus(self) -> str:
        """The name of its custom resource, or of its chart's release."""
        return self.place.milvus or self.name

    @property
    def shared(self) -> bool:
        """Whether it was there before, so that it must be left as it was found."""
        return bool(self.place.milvus)

    def members(self) -> tuple[Member, ...]:
        """Return all members with what Kubernetes says of their health."""
        versions = self.versions()
        return tuple(self._member(name, pod, versions.get(name, "")) for name, pod in self._pods().items())

    def pulse(self) -> dict[str, Pulse]:
        """Return, out of what the watch has seen, who lives."""
        return {name: Pulse(pod.uid, self._health(pod)) for name, pod in self._pods().items()}

    def versions(self) -> dict[str, str]:
        """Return the version that each living Milvus member reports itself, by the member's name."""
        living = {n: p for n, p in self._pods().items() if p.role.is_milvus and p.health is Health.READY}
        return reports.versions(self._kube, self._namespace, living)

    def happenings(self) -> Sequence[Event]:
        """Return what Kubernetes said since the last call, oldest first."""
        self._follower.look_away()
        return self._feed.drain()

    def conditions(self) -> Mapping[str, str]:
        """Return the resource's status and its conditions, each with its reason. Errors: ClusterError."""
        if not install.has_definition(self._kube):
            return {}
        resource = self._kube.milvus(self.milvus, self._namespace) or {}
        status = resource.get("status", {})
        found = {one["type"]: _condition(one) for one in status.get("conditions", [])}
        return {"status": status["status"], **found} if "status" in status else found

    def setting(self, member: str, key: str) -> str | None:
        """Return a setting in force as the member reports it; None where it can't tell."""
        asked = {member: self._pod(member)}
        return reports.settings(self._kube, self._namespace, self.milvus, asked, key).get(member) or None

    def endpoint(self) -> Endpoint:
        """Return the way in: an address, the mapped node port, or a port-forward to a proxy."""
        to = partial(Endpoint, token=self.place.token, tls=self.place.options.tls)
        if self.place.port:
            return to(self.place.host, self.place.port, way=self.place.way)
        if not self._opened:
            tell = self._feed.on_way_in
            self._opened.append(PortForward(self._kube, self._namespace, self._proxy, _PROXY_PORT, tell).__enter__())
        way = "port-forward through the API server to a proxy's pod"
        return to("127.0.0.1", self._opened[0].port, way=way, reach=self.place.reach(self.milvus))

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until every member there should be is ready, and its resource says so too.

        Errors: ClusterError with the reason that Kubernetes knows.
        """
        if not until(self._is_ready, timeout_s, POLL_S):
            raise self._failed(f"{self.name} was not ready after {timeout_s:.0f} s")

    def logs(self, member: str) -> Path:
        """Fetch the member's log and return its file."""
        return self._keep_log(member, self._pod(member))

    def log_files(self) -> dict[str, Path]:
        """Fetch every log there is; return them, those of pods that were removed, and what Kubernetes said."""
        return logs.keep_all(self._kube, self._namespace, self._pods(), self._logs)

    def revive(self) -> tuple[str, ...]:
        """Return none: Kubernetes starts again what ended."""
        return ()

    @property
    def journal(self) -> Path:
        """The file that holds the undo of what is being done to the cluster."""
        return self.folder.path / "journal.jsonl"

    def let_go(self) -> None:
        """End the threads and the connections."""
        for opened in self._opened:
            opened.__exit__()
        if "_follower" in vars(self):
            self._follower.stop()
        self._keepers.shutdown(cancel_futures=True)
        if "_kube" in vars(self):
            self._kube.close()

    @property
    def _selectors(self) -> Mapping[Role, str]:
        """Which pods are dependencies."""
        names = {"NAMESPACE": self._namespace, "CLUSTER": self.milvus}
        found: dict[Role, str] = filled(self.place.options.dependencies.selectors, names)
        return found

    @property
    def _namespace(self) -> str:
        return self.place.namespace

    @property
    def _logs(self) -> Path:
        return self.folder.path / "logs"

    def _pods(self) -> dict[str, Pod]:
        return self._follower.pods()

    def _is_ready(self) -> bool:
        pods = self._pods()
        there = Counter(pod.role for pod in pods.values())
        return all(there[role] == count for role, count in self._follower.wanted().items()) and all(
            pod.health is Health.READY and not pod.leaving for pod in pods.values()
        )

    def _pod(self, member: str) -> Pod:
        pods = self._pods()
        if member not in pods:
            mend = f"take one of {', '.join(pods)}"
            raise BadInput(f"there is no member {member!r}", where=f"cluster {self.name}", mend=mend)
        return pods[member]

    def _proxy(self) -> str:
        """Return the pod that a connection is forwarded to. Errors: ClusterError while there is none."""
        for pod in self._pods().values():
            if pod.role is Role.PROXY and pod.health is Health.READY and not pod.leaving:
                return pod.name
        raise ClusterError("no proxy is ready", where=self.name, mend="harness status")

    def _health(self, pod: Pod) -> Health:
        return Health.PAUSED if pod.uid in self._paused and pod.health is not Health.DEAD else pod.health

    def _member(self, name: str, pod: Pod, version: str) -> Member:
        return Member(
            name=name,
            role=pod.role,
            health=self._health(pod),
            uid=pod.uid,
            version=version,
            pid=None,
            port=0,
            rss_bytes=0,
            uptime_s=pod.uptime_s,
            node=pod.node,
            image=pod.image,
        )

    def _keep_log(self, member: str, pod: Pod) -> Path:
        """Keep what a pod wrote, which goes with the pod; return the file."""
        return logs.keep(self._kube, self._namespace, member, pod, self._logs)

    def _keep_log_of_leaving(self, member: str, pod: Pod) -> None:
        self._keepers.submit(self._keep_log, member, pod)

    def _is_part(self, pod: Object) -> bool:
        """Whether a pod is a member, or one of what the operator makes beside them; in a namespace of ours all are."""
        labels = pod["metadata"].get("labels", {})
        named = (labels.get(key, "") for key in (INSTANCE, "release"))
        beside = any(name.startswith(f"{self.milvus}-") for name in named)
        return self.place.made_namespace or beside or bool(role_of(labels, self.milvus, self._selectors))

    def _failed(self, what: str) -> ClusterError:
        driven = not self.place.is_chart
        seen = look(self._kube, self._namespace, self.place.options, self.milvus, mine=self._is_part, driven=driven)
        reason = diagnose(seen)
        return ClusterError(f"{what}: {reason.what}", where=reason.where, mend=reason.mend)


def _condition(found: Mapping[str, str]) -> str:
    return found["status"] if found["status"] == "True" else f"{found['status']} ({found.get('reason', '')})"
