"""More searches for a time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.action import Action, Begin, Healed, Moments, Offer
from harness.cluster import Durations
from harness.errors import BadInput
from harness.stage import Stage
from harness.value import Seconds, value

_STARTS_S = 4.0  # clients of their own, on the machines that were tried


@value
class Surge(Action[object]):
    """Send so many more searches a second for a time, from clients of their own; they count like all others."""

    search_rate: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    for_s: Seconds = 20.0

    def __post_init__(self) -> None:
        if self.search_rate * self.for_s < 1:
            what = f"not one search is due in {self.for_s:g} s"
            raise BadInput(what, where="Surge.search_rate", mend="raise it, or for_s")

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"send {self.search_rate:g} more searches a second for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is over."""
        del about
        return _STARTS_S + self.for_s

    @property
    def sees_traffic(self) -> bool:
        """There must be a collection to search, and clients to compare with."""
        return True

    def carry_out(self, cluster: object, stage: Stage) -> Moments:
        """Send them."""
        del cluster, stage
        yield Begin()
        yield Offer(self.search_rate, self.for_s)
        yield Healed()
