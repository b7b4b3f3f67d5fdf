"""Names that outlive pods: a member is a place that one pod after another fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.cluster import Health, Pulse, Role
from harness.platforms.kubernetes.milvus.pods import Pod


class MemberNames:
    """Gives every pod a member's name, e.g. querynode-1.

    A pod that is gone leaves its place empty, and dead, for the one that replaces it, as long as its role has fewer
    pods than it should; places too many are forgotten. A replacement that is made while the old pod is still leaving
    takes its place at once, and the old one has none any more.
    """

    def __init__(self) -> None:
        self._pods: dict[str, Pod] = {}
        self._left: dict[str, Pod] = {}

    def update(self, pods: Iterable[Pod], wanted: Mapping[Role, int]) -> None:
        """Place the pods that there are; `wanted` is how many each role should have."""
        there = {pod.name: pod for pod in sorted(pods, key=lambda pod: (pod.created, pod.name))}
        for name, pod in list(self._pods.items()):
            if pod.name in there:
                self._pods[name] = there.pop(pod.name)
            else:
                self._left[name] = replace(self._pods.pop(name), health=Health.DEAD)
        for pod in sorted(there.values(), key=lambda pod: pod.leaving):
            full = self._count(pod.role) >= wanted.get(pod.role, 0)
            if pod.leaving and full:
                continue  # its place was taken by its replacement
            name = self._free(pod.role, full=full)
            self._left.pop(name, None)
            self._pods[name] = pod
        for role in Role:
            self._forget(role, wanted.get(role, 0))

    def pods(self) -> dict[str, Pod]:
        """Return the pod in each place, by the place's name in order; one that left is dead."""
        return dict(sorted({**self._left, **self._pods}.items(), key=_order))

    def pulse(self) -> dict[str, Pulse]:
        """Return who lives."""
        return {name: Pulse(pod.uid, pod.health) for name, pod in self.pods().items()}

    def _count(self, role: Role) -> int:
        return sum(pod.role is role for pod in self._pods.values())

    def _free(self, role: Role, *, full: bool) -> str:
        """Return a place for a new pod: one that was left, one whose pod is leaving, or a new one."""
        left = [name for name in self._left if _role(name) == role.value]
        leaving = [name for name, pod in self._pods.items() if pod.role is role and pod.leaving and full]
        for names in (left, leaving):
            if names:
                return min(names, key=lambda name: _order((name, None)))
        number = 1
        while f"{role.value}-{number}" in self._pods:
            number += 1
        return f"{role.value}-{number}"

    def _forget(self, role: Role, wanted: int) -> None:
        left = [name for name, pod in self._left.items() if pod.role is role]
        for name in sorted(left, key=lambda n: _order((n, None)))[max(0, wanted - self._count(role)) :]:
            del self._left[name]


def _role(name: str) -> str:
    return name.rpartition("-")[0]


def _order(item: tuple[str, object]) -> tuple[int, int]:
    role, _, number = item[0].rpartition("-")
    return list(Role).index(Role(role)), int(number)
