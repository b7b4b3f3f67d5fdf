"""SIGTERM of a member."""

from __future__ import annotations

from harness.action import Action, Moments, ended_and_started
from harness.cluster import Durations, Role
from harness.stage import Stage
from harness.value import value
from harness.verbs import Breakable


@value
class Terminate(Action[Breakable]):
    """Ask one member of a role to end (SIGTERM), and start it again once it has."""

    role: Role

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"terminate {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return about.stop_s + about.restart_s

    def carry_out(self, cluster: Breakable, stage: Stage) -> Moments:
        """Ask it, see that it is gone, start it, see that another one came."""
        return ended_and_started(stage, stage.choose(self.role), cluster.terminate, cluster.start)
