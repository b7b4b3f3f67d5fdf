"""SIGSTOP of a member for a time."""

from __future__ import annotations

from harness.action import Action, Begin, Effect, Heal, Healed, Hold, Moments
from harness.cluster import Durations, Health, Role
from harness.errors import ClusterError
from harness.journal import Undo
from harness.stage import Stage
from harness.value import Seconds, value
from harness.verbs import Breakable


@value
class Pause(Action[Breakable]):
    """SIGSTOP one member of a role for a time. One that ends itself when it wakes is started again."""

    role: Role
    for_s: Seconds = 5.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"pause {self.role} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + about.restart_s + 1

    def carry_out(self, cluster: Breakable, stage: Stage) -> Moments:
        """Stop it, see that it stands, let it go on, see that it is ready."""
        (target,) = stage.choose(self.role)
        told = {"members": target}
        yield Begin((Undo("resume", (target,)), Undo("start", (target,))), told)
        cluster.pause(target)
        stage.see(target, Health.PAUSED)
        yield Effect(told)
        yield Hold(self.for_s)
        yield Heal()
        cluster.resume(target)
        try:
            cluster.start(target)
        except ClusterError:
            # One that lost its session while it stood ends as it wakes; a supervisor starts it again.
            cluster.start(target)
        stage.see(target, Health.READY)
        yield Healed()
