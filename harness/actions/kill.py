"""SIGKILL of members."""

from __future__ import annotations

from harness.action import Action, Moments, ended_and_started
from harness.cluster import Durations, Role
from harness.errors import BadInput
from harness.stage import Stage
from harness.value import Count, SecondsOrNone, value
from harness.verbs import Breakable

# How long a killed member stays dead: what a supervisor needs to notice and start it again.
SUPERVISOR_S = 1.0


@value
class Kill(Action[Breakable]):
    """SIGKILL `count` members of a role at once; they are started again after `heal_after_s`."""

    role: Role
    count: Count = 1
    heal_after_s: SecondsOrNone = SUPERVISOR_S

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"kill {self.role}" if self.count == 1 else f"kill {self.count} of {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.heal_after_s + (about.queue_restart_s if self.role is Role.MESSAGE_QUEUE else about.restart_s)

    def fit(self, counts: dict[Role, int]) -> None:
        """Refuse more members than there are. Errors: BadInput."""
        super().fit(counts)
        if self.count > counts[self.role]:
            mend = "kill fewer, or say in the scenario's topology that there are more"
            raise BadInput(f"there are {counts[self.role]} of {self.role}", where=self.label, mend=mend)

    def carry_out(self, cluster: Breakable, stage: Stage) -> Moments:
        """Kill, see that they are gone, start them, see that others came."""
        targets = stage.choose(self.role, self.count)
        return ended_and_started(stage, targets, cluster.kill, cluster.start, self.heal_after_s)
