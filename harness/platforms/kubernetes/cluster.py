"""A Milvus on Kubernetes: the verbs of harness.cluster over its custom resource and its pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any

from harness.cluster import Endpoint, Health, Member, OnMember, Pulse, Role
from harness.errors import BadInput, ClusterError
from harness.platforms import settings
from harness.platforms.kubernetes import inside, logs, remove, resource, told
from harness.platforms.kubernetes.api import MILVUS, Kube, Object
from harness.platforms.kubernetes.diagnosis import diagnose, look
from harness.platforms.kubernetes.follower import Follower
from harness.platforms.kubernetes.forward import PortForward
from harness.platforms.kubernetes.place import Place
from harness.platforms.kubernetes.pods import Pod
from harness.platforms.kubernetes.rollout import Rollout, is_updated
from harness.platforms.state import Folder
from harness.platforms.waiting import until

_POLL_S = 0.1
# A member's pod is scheduled, started and seen to be ready: the operator's probes look every 10 and 15 s.
_READY_S = 180.0
# The operator gives a pod 30 days; a proxy sleeps for 30 s before it ends, and Milvus drains for at most 30 s more.
_STOP_S = 90
_GONE_S = 15.0
# A member that was ready a moment ago may still be too busy to answer within its deadline.
_AGREE_S = 30.0


class KubernetesCluster:
    """The verbs of Cluster, Breakable and Changeable. Threads follow its pods from the first question on."""

    shared = False

    def __init__(self, folder: Folder, place: Place) -> None:
        self.folder, self.place = folder, place
        self._paused: set[str] = set()
        self._opened: list[PortForward] = []

    @cached_property
    def _kube(self) -> Kube:
        return self.place.kube(self.folder.path)

    @cached_property
    def _follower(self) -> Follower:
        follower = Follower(self._kube, self.place.namespace, self.name, self.place.options.dependencies.selectors)
        follower.start()
        return follower

    @property
    def name(self) -> str:
        """The cluster's name, which is its resource's."""
        return self.folder.name

    def members(self) -> tuple[Member, ...]:
        """Return all members with what Kubernetes says of their health."""
        pods = self._follower.pods()
        versions = self.versions()
        return tuple(self._member(name, pod, versions.get(name, "")) for name, pod in pods.items())

    def pulse(self) -> dict[str, Pulse]:
        """Return, out of what the watch has seen, who lives."""
        return {name: Pulse(pod.uid, self._health(pod)) for name, pod in self._follower.pods().items()}

    def versions(self) -> dict[str, str]:
        """Return the version that each living Milvus member reports itself, by the member's name."""
        living = {n: p for n, p in self._follower.pods().items() if p.role.is_milvus and p.health is Health.READY}
        return told.versions(self._kube, self.place.namespace, living)

    def setting(self, member: str, key: str) -> str | None:
        """Return a setting in force as the member reports it; None where it can't tell."""
        asked = {member: self._pod(member)}
        return told.settings(self._kube, self.place.namespace, self.name, asked, key).get(member) or None

    def endpoint(self) -> Endpoint:
        """Return the way in: the mapped node port, or a port-forward to a proxy."""
        if self.place.port:
            return Endpoint(self.place.host, self.place.port)
        if not self._opened:
            self._opened.append(PortForward(self._kube, self.place.namespace, self._proxy, 19530).__enter__())
        return Endpoint("127.0.0.1", self._opened[0].port)

    def wait_ready(self, timeout_s: float = _READY_S) -> None:
        """Wait until every member there should be is ready and its resource says so too.

        Errors: ClusterError with the reason that Kubernetes knows.
        """
        if not until(self._is_ready, timeout_s, _POLL_S):
            raise self._failed(f"{self.name} was not ready after {timeout_s:.0f} s")

    def logs(self, member: str) -> Path:
        """Fetch the member's log and return its file."""
        return logs.keep(self._kube, self.place.namespace, member, self._pod(member), self._logs)

    def log_files(self) -> dict[str, Path]:
        """Fetch every log there is, and return them with those of pods that were removed by the harness."""
        return logs.keep_all(self._kube, self.place.namespace, self._follower.pods(), self._logs)

    def revive(self) -> tuple[str, ...]:
        """Return none: Kubernetes starts again what ended."""
        return ()

    @property
    def journal(self) -> Path:
        """The file that holds the undo of what is being done to the cluster."""
        return self.folder.path / "journal.jsonl"

    def kill(self, member: str) -> None:
        """SIGKILL the program in a member's pod, delete the pod without any grace, and see it gone.

        Deleted alone, its object would be gone at once and its program be asked to end in its own time.
        """
        pod = self._pod(member)
        with suppress(ClusterError):  # one that is its container's first process can't be killed from inside
            inside.signal(self._kube, self.place.namespace, pod, "KILL")
        self._delete(member, pod, grace_s=0, timeout_s=_GONE_S)

    def terminate(self, member: str) -> None:
        """Delete a member's pod with a grace that ends, and see it gone."""
        pod = self._pod(member)
        logs.keep(self._kube, self.place.namespace, member, pod, self._logs)
        self._delete(member, pod, grace_s=_STOP_S, timeout_s=_STOP_S + _GONE_S)

    def pause(self, member: str) -> None:
        """SIGSTOP the program in a member's container, and see that it stands."""
        pod = self._living(member, "paused")
        inside.signal(self._kube, self.place.namespace, pod, "STOP")
        if not until(lambda: inside.is_paused(self._kube, self.place.namespace, pod), _GONE_S, 0.5):
            raise ClusterError(f"{member} could not be paused", where=f"pod {pod.name}", mend="see its log")
        self._paused.add(pod.uid)

    def resume(self, member: str) -> None:
        """SIGCONT a member. One that then ends itself is started again by Kubernetes."""
        pod = self._pod(member)
        if pod.health is not Health.DEAD:
            inside.signal(self._kube, self.place.namespace, pod, "CONT")
        self._paused.discard(pod.uid)

    def start(self, member: str) -> None:
        """Wait until Kubernetes has a ready pod in a member's place."""
        if not until(lambda: self._has_ready(member), _READY_S, _POLL_S):
            raise self._failed(f"{member} was not ready after {_READY_S:.0f} s")

    def scale(self, role: Role, count: int, on_member: OnMember) -> None:
        """Have `count` members of a role."""
        if role not in resource.COMPONENTS or role is Role.COORDINATORS or count < 1:
            scalable = (r for r in self.folder.read().spec.roles if r.is_milvus and r is not Role.COORDINATORS)
            mend = f"take 1 or more of {', '.join(scalable)}"
            raise BadInput(f"{role} cannot be scaled to {count}", where="scale", mend=mend)
        change = resource.scaled(role, count)
        self._roll(change, on_member, lambda _, pods: sum(p.role is role for p in pods.values()) == count)

    def upgrade(self, milvus: str, on_member: OnMember) -> None:
        """Have the operator roll every member to another image, and each member report one new version."""
        image = resource.image(milvus, self.place.options)
        before = set(self.versions().values())

        def through(_: Rollout, pods: Mapping[str, Pod]) -> bool:
            return all(pod.image == image for pod in pods.values() if pod.role.is_milvus)

        old = {pod.image for pod in self._follower.pods().values() if pod.role.is_milvus}
        self._roll(resource.upgraded(image), on_member, through)
        now = self._agreed_versions()
        if len(now) != 1 or "" in now or (old != {image} and now == before):
            found = ", ".join(sorted(now))
            raise ClusterError(f"after the upgrade members report {found}", where=image, mend="harness status")
        spec = self.folder.read().spec
        self.folder.update(spec=type(spec)(**{**vars(spec), "milvus": milvus}))

    def configure(self, changed: Mapping[str, str], on_member: OnMember) -> None:
        """Change settings, see every member replaced, and read the settings back from each that can tell them."""
        self._roll(resource.configured(changed), on_member, lambda rollout, pods: rollout.replaced(pods))
        self.folder.update(settings={**self.folder.read().settings, **changed})
        pods = self._follower.pods()
        for key, value in settings.typed(changed).items():
            answers = told.settings(self._kube, self.place.namespace, self.name, pods, key)
            wrong = {n: v for n, v in answers.items() if v and v != settings.printed(value)}
            if wrong or not any(answers.values()):
                found = ", ".join(f"{n} {v}" for n, v in wrong.items()) or "none"
                raise ClusterError(
                    f"{key} was read back as: {found}", where=f"--set {key}", mend="see docs/reference.md"
                )

    def destroy(self) -> None:
        """Remove the resource, its pods, the namespace where the harness made it, and the folder."""
        for opened in self._opened:
            opened.__exit__()
        if "_follower" in vars(self):
            self._follower.stop()
        if self.place.is_there:
            remove.milvus(self._kube, self.name, self.place)
            self.place.let_go(self.name)
        remove.folder(self.folder)

    @property
    def _logs(self) -> Path:
        return self.folder.path / "logs"

    def _is_ready(self) -> bool:
        pods = self._follower.pods()
        wanted = self._follower.wanted()
        there = Counter(pod.role for pod in pods.values())
        return (
            all(there[role] for role in self.folder.read().spec.roles if role.is_milvus)
            and all(there[role] == count for role, count in wanted.items())
            and all(pod.health is Health.READY and not pod.leaving for pod in pods.values())
            and is_updated(self._kube, self.name, self.place.namespace)
        )

    def _pod(self, member: str) -> Pod:
        pods = self._follower.pods()
        if member not in pods:
            mend = f"take one of {', '.join(pods)}"
            raise BadInput(f"there is no member {member!r}", where=f"cluster {self.name}", mend=mend)
        return pods[member]

    def _proxy(self) -> str:
        """Return the pod that a connection is forwarded to. Errors: ClusterError while there is none."""
        for pod in self._follower.pods().values():
            if pod.role is Role.PROXY and pod.health is Health.READY and not pod.leaving:
                return pod.name
        raise ClusterError("no proxy is ready", where=self.name, mend="harness status")

    def _has_ready(self, member: str) -> bool:
        """Whether a member's place, or where that was forgotten meanwhile every other of its role, has a ready pod."""
        pods = self._follower.pods()
        role = member.rpartition("-")[0]
        asked = [pods[member]] if member in pods else [pod for pod in pods.values() if pod.role.value == role]
        if not asked:
            self._pod(member)
        return all(pod.health is Health.READY and not pod.leaving for pod in asked)

    def _agreed_versions(self) -> set[str]:
        """Return the versions that members report, asked again while one does not answer."""
        found: set[str] = set()

        def agreed() -> bool:
            found.clear()
            found.update(self.versions().values())
            return len(found) == 1 and "" not in found

        until(agreed, _AGREE_S, 1.0)
        return found

    def _living(self, member: str, what: str) -> Pod:
        pod = self._pod(member)
        if pod.health is Health.DEAD:
            raise ClusterError(f"{member} could not be {what}: it is dead", where=self.name, mend="harness status")
        return pod

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
            uptime_s=0.0,
            node=pod.node,
        )

    def _delete(self, member: str, pod: Pod, *, grace_s: int, timeout_s: float) -> None:
        self._kube.delete("Pod", pod.name, self.place.namespace, grace_s=grace_s)

        def gone() -> bool:
            found = self._kube.get("Pod", pod.name, self.place.namespace)
            there = self._follower.pods().get(member)
            return found is None and (there is None or there.name != pod.name or there.health is Health.DEAD)

        if not until(gone, timeout_s, _POLL_S):
            raise ClusterError(f"pod {pod.name} is still there", where=member, mend="see kubectl describe pod")

    def _roll(self, change: Object, on_member: OnMember, through: Callable[[Rollout, Mapping[str, Pod]], bool]) -> None:
        rollout = Rollout(self._kube, self.place.namespace, self.name, self._follower.pods)
        begun_s, limit_s = monotonic(), self.place.options.milvus.ready_s
        if not rollout.carry_out(change, on_member, lambda pods: through(rollout, pods), limit_s):
            raise self._failed(f"the change was not through after {monotonic() - begun_s:.0f} s")

    def _failed(self, what: str) -> ClusterError:
        found: Any = self._kube.get(MILVUS[1], self.name, self.place.namespace, MILVUS[0])
        reason = diagnose(look(self._kube, self.place.namespace, self.place.options, found))
        return ClusterError(f"{what}: {reason.what}", where=reason.where, mend=reason.mend)
