"""What somebody adds to the harness from outside: an action with a verb of its own, and a platform that has it.

See CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.action import Action, Begin, Effect, Heal, Healed, Hold, Moments
from harness.cluster import ClusterSpec, Durations, Health, Role
from harness.journal import Undo
from harness.platforms import home
from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.platforms.entry import Leftover
from harness.platforms.state import ClusterState, Folder, clusters_home
from harness.stage import Stage
from harness.value import Seconds, value
from tests.unit.fake_cluster import Watched


@runtime_checkable
class Sleepy(Protocol):
    """A cluster whose members can be sent to sleep."""

    def lull(self, member: str) -> None:
        """Send a member to sleep."""
        ...

    def wake(self, member: str) -> None:
        """Wake it; nothing to do where it is awake."""
        ...


@value
class Lull(Action[Sleepy]):
    """Send one member of a role to sleep for a time."""

    role: Role
    for_s: Seconds = 3.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"lull {self.role} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + about.restart_s

    def carry_out(self, cluster: Sleepy, stage: Stage) -> Moments:
        """Send it to sleep, see that it sleeps, wake it, see that it is ready."""
        (target,) = stage.choose(self.role)
        yield Begin((Undo("wake", (target,)),), {"members": target})  # on disk before anything is done
        cluster.lull(target)
        stage.see(target, Health.PAUSED)  # seen, not believed
        yield Effect({"members": target})
        yield Hold(self.for_s)  # traffic flows on
        yield Heal()
        cluster.wake(target)
        stage.see(target, Health.READY)
        yield Healed()


class SleepyCluster(Watched):
    """A cluster with that verb."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.obeys = True

    def lull(self, member: str) -> None:
        """Send a member to sleep."""
        self.calls.append(f"lull {member}")
        if self.obeys:
            self.set(member, health=Health.PAUSED)

    def wake(self, member: str) -> None:
        """Wake it."""
        self.calls.append(f"wake {member}")
        self.set(member, health=Health.READY)


class ToyPlatform:
    """Makes such clusters. An entry point of the group `milvus_harness.platforms` names ENTRY."""

    name = "toy"
    verbs: tuple[type, ...] = (Sleepy,)
    dependencies: tuple[Role, ...] = (Role.ETCD,)
    notice = ""
    durations = Durations()

    def check(self, spec: ClusterSpec) -> None:
        """Refuse nothing."""

    def intent(self, spec: ClusterSpec) -> tuple[str, ...]:
        """Say what would be done."""
        return (f"make up a Milvus {spec.milvus}",)

    def create(self, spec: ClusterSpec, *, keep: bool) -> SleepyCluster:
        """Make one, with a folder that other commands find."""
        del keep
        home.claim(Folder(clusters_home() / spec.name), ClusterState(spec, owner=None, platform=self.name))
        return SleepyCluster(clusters_home() / spec.name)

    def keep(self, name: str) -> None:
        """It stays in any case."""

    def settings(self, spec: ClusterSpec) -> Mapping[str, str]:
        """Return those that were asked for."""
        return spec.settings

    def limits(self, profile: str) -> str:
        """Return the name of the shipped file of limits for a settings profile."""
        return profile

    def close(self) -> None:
        """Nothing is shared between clusters."""


class ToyEntry:
    """How it is found."""

    def make(self, choice: PlatformChoice) -> ToyPlatform:
        """Return the platform."""
        del choice
        return ToyPlatform()

    def open(self, folder: Folder) -> SleepyCluster:
        """Return a cluster that exists."""
        return SleepyCluster(folder.path)

    def leftovers(self) -> tuple[Leftover, ...]:
        """Return none."""
        return ()

    def doctor(self) -> tuple[Ailment, ...]:
        """Look at what it needs."""
        return (Ailment("pillows", ok=True, mend=""),)


ENTRY = ToyEntry()
