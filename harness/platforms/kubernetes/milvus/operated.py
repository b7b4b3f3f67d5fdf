"""A Milvus that the operator drives: the verbs that change it, over its custom resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic

from harness.cluster import Role
from harness.errors import BadInput, ClusterError
from harness.journal import heal
from harness.platforms import settings
from harness.platforms.kubernetes.access.api import Object
from harness.platforms.kubernetes.deploy import remove, resource
from harness.platforms.kubernetes.deploy.inventory import Inventory
from harness.platforms.kubernetes.milvus import reports
from harness.platforms.kubernetes.milvus.breakable import BreakableCluster
from harness.platforms.kubernetes.milvus.pods import Pod
from harness.platforms.kubernetes.milvus.rollout import Rollout, is_updated
from harness.platforms.trash import remove_folder
from harness.platforms.waiting import until
from harness.verbs import OnMember, nobody

# A member that was ready a moment ago may still be too busy to answer within its deadline.
_AGREE_S = 30.0


class KubernetesCluster(BreakableCluster):
    """The verbs of Changeable on top."""

    def scale(self, role: Role, count: int, on_member: OnMember = nobody) -> None:
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

        old = {pod.image for pod in self._pods().values() if pod.role.is_milvus}
        self._roll(resource.upgraded(image, self.folder.read().spec.milvus), on_member, through)
        now = self._agreed_versions()
        if len(now) != 1 or "" in now or (old != {image} and now == before):
            found = ", ".join(sorted(now))
            raise ClusterError(f"after the upgrade members report {found}", where=image, mend="harness status")
        self.folder.update(spec=replace(self.folder.read().spec, milvus=milvus))

    def configure(self, changed: Mapping[str, str], on_member: OnMember) -> None:
        """Change settings, see every member replaced, and read the settings back from each that can tell them."""
        self._roll(resource.configured(changed), on_member, lambda rollout, pods: rollout.replaced(pods))
        self.folder.update(settings={**self.folder.read().settings, **changed})
        pods = self._pods()
        for key, value in settings.typed(changed).items():
            answers = reports.settings(self._kube, self._namespace, self.milvus, pods, key)
            wrong = {n: v for n, v in answers.items() if v and v != settings.printed(value)}
            if wrong or not any(answers.values()):
                found = ", ".join(f"{n} {v}" for n, v in wrong.items()) or "none"
                raise ClusterError(
                    f"{key} was read back as: {found}", where=f"--set {key}", mend="see docs/reference.md"
                )

    def destroy(self) -> None:
        """Remove what the harness made: the resource, its pods, the namespace, and the folder."""
        outlived = self.place.outlives(self.name)
        if outlived:
            heal(self, what_outlives=not self.shared)
            if self.shared:
                self._restore_counts()
        self.let_go()
        if outlived and not self.shared:
            remove.milvus(self._kube, self.name, self.place, Inventory(self.folder.path, self.place.mark))
            self._kube.close()
        self.place.let_go(self.name)
        remove_folder(self.folder.path)

    def _restore_counts(self) -> None:
        """Give every role of a Milvus that was there the number of members that it had."""
        for role, count in self.place.counts.items():
            if self._follower.wanted().get(role) != count:
                self.scale(role, count)

    def _is_ready(self) -> bool:
        there = {pod.role for pod in self._pods().values()}
        return (
            (self.shared or all(role in there for role in self.folder.read().spec.roles if role.is_milvus))
            and super()._is_ready()
            and is_updated(self._kube, self.milvus, self._namespace)
        )

    def _agreed_versions(self) -> set[str]:
        """Return the versions that members report, asked again while one does not answer."""
        found: set[str] = set()

        def agreed() -> bool:
            found.clear()
            found.update(self.versions().values())
            return len(found) == 1 and "" not in found

        until(agreed, _AGREE_S, 1.0)
        return found

    def _roll(self, change: Object, on_member: OnMember, through: Callable[[Rollout, Mapping[str, Pod]], bool]) -> None:
        rollout = Rollout(self._kube, self._namespace, self.milvus, self._pods)
        begun_s, limit_s = monotonic(), self.place.options.milvus.ready_s
        if not rollout.carry_out(change, on_member, lambda pods: through(rollout, pods), limit_s):
            raise self._failed(f"the change was not through after {monotonic() - begun_s:.0f} s")
