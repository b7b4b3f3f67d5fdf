"""Two roles that can't reach each other."""

from __future__ import annotations

from typing import Annotated

from harness.action import Action, Begin, Effect, Heal, Healed, Hold, Moments
from harness.cluster import Durations, Role, of_milvus
from harness.errors import BadInput
from harness.journal import Undo
from harness.stage import Stage
from harness.value import Seconds, value
from harness.verbs import Isolable


@value
class Isolate(Action[Isolable]):
    """Let no packet pass between the members of two roles for a time."""

    role: Annotated[Role, of_milvus("isolate a Milvus role from another role")]
    other: Role
    for_s: Seconds = 10.0

    def __post_init__(self) -> None:
        if self.role is self.other:
            raise BadInput(f"{self.role} is isolated from itself", where="Isolate.other", mend="take another role")

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"isolate {self.role} from {self.other} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + about.restart_s

    def carry_out(self, cluster: Isolable, stage: Stage) -> Moments:
        """Let no packet pass for a time; the verb itself sees that none does."""
        undo = Undo("join", (self.role, self.other), outlives=True)
        yield Begin((undo,), {"roles": f"{self.role}, {self.other}"})
        cluster.isolate(self.role, self.other)
        yield Effect()
        yield Hold(self.for_s)
        yield Heal()
        cluster.join(self.role, self.other)
        stage.wait_ready()
        yield Healed()
