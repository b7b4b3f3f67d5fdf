"""SIGKILL of what runs in a member's container."""

from __future__ import annotations

from harness.action import Action, Moments, ended_and_started
from harness.cluster import Durations, Role
from harness.stage import Stage
from harness.value import value
from harness.verbs import Contained


@value
class KillContainer(Action[Contained]):
    """SIGKILL the program in the container of one member of a role; its pod stays, and starts it again."""

    role: Role

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"kill the container of {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return about.restart_s

    def carry_out(self, cluster: Contained, stage: Stage) -> Moments:
        """Kill, see that it is gone, wait for the next one, see that it came."""
        return ended_and_started(stage, stage.choose(self.role), cluster.kill_container, cluster.start)
