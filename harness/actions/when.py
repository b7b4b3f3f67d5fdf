"""An action that begins on what is seen while traffic flows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.action import AnyAction, Await, Composite, Moments, Others, Sight, State
from harness.cluster import Durations, Health, Role
from harness.stage import Stage
from harness.value import Count, Seconds, value

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@value
class RowsIn:
    """So many rows have been acknowledged, those that were loaded included."""

    at_least: Count

    @property
    def label(self) -> str:
        """What is the case then, in a few words."""
        return f"{self.at_least:,} rows are in"

    def is_seen(self, sight: Sight) -> bool:
        """Whether it is the case now."""
        return sight.rows() >= self.at_least


@value
class MemberIs:
    """One member of a role at least is in a state."""

    role: Role
    health: Health

    @property
    def label(self) -> str:
        """What is the case then, in a few words."""
        return f"a member of {self.role} is {self.health}"

    def is_seen(self, sight: Sight) -> bool:
        """Whether it is the case now."""
        return any(member.role is self.role and member.health is self.health for member in sight.members())


@value
class RateBelow:
    """Fewer operations a second were answered over the last `window_s`."""

    per_s: Rate
    window_s: Seconds = 5.0

    @property
    def label(self) -> str:
        """What is the case then, in a few words."""
        return f"fewer than {self.per_s:g} operations a second are answered over {self.window_s:g} s"

    def is_seen(self, sight: Sight) -> bool:
        """Whether it is the case now."""
        return sight.rate(self.window_s) < self.per_s


@value
class ErrorsAbove:
    """A larger share of what was answered over the last `window_s` was not OK."""

    share: Share
    window_s: Seconds = 5.0

    @property
    def label(self) -> str:
        """What is the case then, in a few words."""
        return f"more than {self.share:.0%} of operations fail over {self.window_s:g} s"

    def is_seen(self, sight: Sight) -> bool:
        """Whether it is the case now."""
        return sight.error_share(self.window_s) > self.share


@value
class When(Composite):
    """An action that begins once a state is seen; where that does not come `within_s` the run is INVALID."""

    state: State
    action: AnyAction
    within_s: Seconds

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"{self.action.label} once {self.state.label}, within {self.within_s:g} s"

    @property
    def parts(self) -> tuple[AnyAction, ...]:
        """The action."""
        return self.action.parts

    @property
    def sees_traffic(self) -> bool:
        """Whether the state, or the action, goes by what clients are answered."""
        return not isinstance(self.state, MemberIs) or super().sees_traffic

    def expected_s(self, about: Durations) -> float:
        """About how long it takes at most until it is healed."""
        return self.within_s + self.action.expected_s(about)

    def carry_out(self, cluster: object, stage: Stage) -> Moments:
        """Wait for the state, then do it."""
        del cluster, stage
        yield Await(self.state, self.within_s)
        yield Others((self.action,))
