"""The control: nothing is done."""

from __future__ import annotations

from harness.action import Action, Begin, Effect, Heal, Healed, Moments
from harness.cluster import Durations
from harness.stage import Stage
from harness.value import value


@value
class Nothing(Action[object]):
    """Nothing is done: the control beside which a fault can be seen, and a false alarm."""

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return "do nothing"

    def expected_s(self, about: Durations) -> float:
        """It takes no time."""
        del about
        return 0.0

    def carry_out(self, cluster: object, stage: Stage) -> Moments:
        """Go through the moments, and do nothing in any."""
        del cluster, stage
        yield from (Begin(), Effect(), Heal(), Healed())
