"""Names that outlive pods: a member is a place that one pod after another fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.cluster import Health, Pulse, Role
from harness.platforms.kubernetes.pods import Pod


class Slots:
    """Gives every pod a member's name, e.g. querynode-1.

    A pod that is gone leaves its place empty, and dead, for the one that replaces it, as long as its role has fewer
    pods than it should; places too many are forgotten.
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
        for pod in there.values():
            name = self._free(pod.role)
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

    def _free(self, role: Role) -> str:
        """Return the first empty place of a role: one that was left, before a new one."""
        left = [name for name in sorted(self._left, key=lambda n: _order((n, None))) if _role(name) == role.value]
        if left:
            return left[0]
        number = 1
        while f"{role.value}-{number}" in self._pods:
            number += 1
        return f"{role.value}-{number}"

    def _forget(self, role: Role, wanted: int) -> None:
        live = sum(pod.role is role for pod in self._pods.values())
        left = [name for name, pod in self._left.items() if pod.role is role]
        for name in sorted(left, key=lambda n: _order((n, None)))[max(0, wanted - live) :]:
            del self._left[name]


def _role(name: str) -> str:
    return name.rpartition("-")[0]


def _order(item: tuple[str, object]) -> tuple[int, int]:
    role, _, number = item[0].rpartition("-")
    return list(Role).index(Role(role)), int(number)
