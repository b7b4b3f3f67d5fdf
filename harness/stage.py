"""What an action sees of the cluster that it is done to: whom it hits, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.cluster import Health, Member, Pulse, Role
from harness.errors import BadInput, ClusterError
from harness.verbs import Cluster, OnMember

TellMoment = Callable[[str, Mapping[str, str]], None]

# What was moved has to be scheduled, started and seen to be ready.
_READY_S = 240.0


@dataclass(frozen=True)
class Stage:
    """The cluster to look at, the plan's `choice` of whom to hit, and the run's way to `tell` of moments.

    What is seen and is not as it should be is an error: an action never believes that it took effect.
    """

    cluster: Cluster
    choice: int
    tell: TellMoment

    def members(self) -> tuple[Member, ...]:
        """Return all members."""
        return self.cluster.members()

    def pulse(self) -> Mapping[str, Pulse]:
        """Return who lives, by the member's name."""
        return self.cluster.pulse()

    def choose(self, role: Role, count: int = 1) -> tuple[str, ...]:
        """Choose living members of a role. Errors: BadInput where too few live: never an action that did nothing."""
        there = [m.name for m in self.members() if m.role is role and m.health is Health.READY]
        if len(there) < count:
            what = f"{count} members of {role} are to be hit, {len(there)} live"
            raise BadInput(what, where=self.cluster.name, mend="see harness status")
        return tuple(self.pick(there, at) for at in range(count))

    def pick(self, among: list[str], at: int = 0) -> str:
        """Return the one that the plan's choice falls on, or the one that lies `at` places behind it."""
        return among[(self.choice + at) % len(among)]

    def uids(self, members: Iterable[str]) -> dict[str, str]:
        """Return who is in each member's place."""
        pulse = self.pulse()
        return {name: pulse[name].uid for name in members}

    def see(self, member: str, health: Health) -> None:
        """See that a member is so. Errors: ClusterError."""
        if (seen := self.pulse()[member].health) is not health:
            raise self._is(f"{member} is {seen}, not {health}")

    def see_gone(self, before: Mapping[str, str]) -> None:
        """See that whoever was in each member's place is there no more; another one may be starting already."""
        pulse = self.pulse()
        for name, uid in before.items():
            if pulse[name].uid == uid and pulse[name].health is not Health.DEAD:
                raise self._is(f"{name} is {pulse[name].health}, not dead")

    def see_restarted(self, before: Mapping[str, str]) -> None:
        """See that another one is ready in each member's place."""
        pulse = self.pulse()
        for name, uid in before.items():
            if pulse[name].uid == uid or pulse[name].health is not Health.READY:
                raise self._is(f"{name} was not started again")

    def see_changed(self, before: Mapping[str, Pulse], told: Iterable[str], label: str) -> None:
        """See that at least one of the members told of is another than before, new or gone."""
        after = self.pulse()
        if all(after.get(name) == before.get(name) for name in told):
            raise ClusterError(f"{label} changed no member", where=self.cluster.name, mend="see its logs")

    def wait_ready(self) -> None:
        """Wait until every member is ready. Errors: ClusterError."""
        self.cluster.wait_ready(_READY_S)

    def on_member(self, told: list[str], **detail: str) -> OnMember:
        """Return who tells of members in a gradual change, the first of them as its effect; `told` gets their names."""

        def on_member(name: str, what: str) -> None:
            told.append(name)
            self.tell("effect" if len(told) == 1 else "member", {"member": name, "what": what, **detail})

        return on_member

    def _is(self, what: str) -> ClusterError:
        return ClusterError(what, where=self.cluster.name, mend="see its log")
