"""An action that is done several times: so many times, or in a rhythm."""

from __future__ import annotations

import math
from time import monotonic

from harness.action import AnyAction, Composite, Hold, Moments, Others
from harness.cluster import Durations
from harness.stage import Stage
from harness.value import Count, Seconds, SecondsOrNone, value


@value
class Times(Composite):
    """An action `count` times, one after another, with `gap_s` between one's healing and the next one."""

    action: AnyAction
    count: Count
    gap_s: SecondsOrNone = 10.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"{self.count} times {self.action.label}, {self.gap_s:g} s between"

    @property
    def parts(self) -> tuple[AnyAction, ...]:
        """The action."""
        return self.action.parts

    def expected_s(self, about: Durations) -> float:
        """About how long it takes until the last one is healed."""
        return self.count * self.action.expected_s(about) + (self.count - 1) * self.gap_s

    def carry_out(self, cluster: object, stage: Stage) -> Moments:
        """Do it, wait, do it again."""
        del cluster, stage
        for number in range(self.count):
            if number:
                yield Hold(self.gap_s)
            yield Others((self.action,))


@value
class Every(Composite):
    """An action every `every_s`, begun for as long as `for_s`; one that takes longer puts the next one off."""

    action: AnyAction
    every_s: Seconds
    for_s: Seconds

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"every {self.every_s:g} s for {self.for_s:g} s {self.action.label}"

    @property
    def parts(self) -> tuple[AnyAction, ...]:
        """The action."""
        return self.action.parts

    def expected_s(self, about: Durations) -> float:
        """About how long it takes until the last one is healed."""
        return self.for_s + self.action.expected_s(about)

    def carry_out(self, cluster: object, stage: Stage) -> Moments:
        """Do it at its moments, of which those are left out that pass while it is under way."""
        del cluster, stage
        begun_s, number = monotonic(), 0
        while (due_s := number * self.every_s) < self.for_s:
            yield Hold(max(0.0, due_s - (monotonic() - begun_s)))
            yield Others((self.action,))
            number = max(number + 1, math.ceil((monotonic() - begun_s) / self.every_s))
