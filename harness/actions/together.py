"""Actions beside each other."""

from __future__ import annotations

from harness.action import Action, AnyAction, Composite, Moments, Others
from harness.cluster import Durations
from harness.errors import BadInput
from harness.stage import Stage


class Together(Composite):
    """Several actions at once: `Together(Kill(Role.PROXY), Pause(Role.QUERY_NODE))`."""

    def __init__(self, *actions: AnyAction) -> None:
        if len(actions) < 2 or not all(isinstance(one, Action) for one in actions):
            mend = "write Together(Kill(...), Pause(...))"
            raise BadInput(f"these are not two actions or more: {ascii(actions)[:60]}", where="Together", mend=mend)
        self.actions = actions

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return ", together with ".join(one.label for one in self.actions)

    @property
    def parts(self) -> tuple[AnyAction, ...]:
        """The actions."""
        return tuple(part for one in self.actions for part in one.parts)

    def expected_s(self, about: Durations) -> float:
        """About how long it takes until the last one is healed."""
        return max(one.expected_s(about) for one in self.actions)

    def carry_out(self, cluster: object, stage: Stage) -> Moments:
        """Begin all of them at once."""
        del cluster, stage
        yield Others(self.actions)
