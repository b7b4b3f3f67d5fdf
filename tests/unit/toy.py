"""What somebody adds to the harness from outside: an action, with a verb of its own. See CONTRIBUTING.md."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.action import Action, Begin, Effect, Heal, Healed, Hold, Moments
from harness.cluster import Durations, Health, Role
from harness.journal import Undo
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
