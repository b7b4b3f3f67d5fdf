"""The numbered steps of a scenario, the same for the same seed, printed before anything starts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from harness.action import AnyAction
from harness.checks.thresholds import DEFAULT, Thresholds, thresholds_of
from harness.cluster import Durations, Role
from harness.plan.profiles import OBSERVE_S, check_profile
from harness.plan.scenario import (
    READ_S,
    STEADY_PATIENCE_S,
    WARM_UP_S,
    YARDSTICK_S,
    Scenario,
)
from harness.plan.specs import FLUSH_S
from harness.slo.evidence import figures
from harness.slo.held import held_to
from harness.slo.limits import Limits
from harness.slo.multiples import Bases, session_s

_LOCAL = Durations()
_NO_LIMITS = Limits()
_NO_BASES = Bases()

# Where nobody is served nothing recovers: it is long enough to see a member end again that was just started.
QUIET_S = 10.0


@dataclass(frozen=True)
class Step:
    """One step: what happens, and about how long it takes."""

    text: str
    expected_s: float


@dataclass(frozen=True)
class PlannedAction:
    """An action with what the seed decided: how long to wait before it, and which of the role's members it hits.

    `id` tells it from others of the same plan, in every event that it leaves.
    """

    action: AnyAction
    wait_s: float
    choice: int
    id: str = "1"


@dataclass(frozen=True)
class Plan:
    """A scenario made definite by a profile, a number of replicas, a seed and its limits.

    What comes after the last action is observed until every client's recovery has shown that it lasts: for `shown_s` at
    least; for `observe_s` at most, or until `recover_by_s` after the first action's effect, so that a recovery at its
    limit can show it too. `bases` are what limits are multiples of: expected at first, measured once the cluster is
    up, and fixed before traffic begins.
    """

    scenario: Scenario
    profile: str
    replicas: int
    seed: int
    actions: tuple[PlannedAction, ...]
    observe_s: float
    limits: Limits = _NO_LIMITS
    bases: Bases = _NO_BASES
    thresholds: Thresholds = DEFAULT
    about: Durations = field(default_factory=Durations)

    @property
    def recover_by_s(self) -> float:
        """How long after the first effect is looked, so that a recovery at its limit can show that it lasts."""
        if self.scenario.observe_s is not None:
            return 0.0
        held = held_to(self.limits, self.bases).limits
        return (
            max((held.get(figure.name, 0.0) for figure in figures() if figure.endless), default=0.0)
            + self.thresholds.window_s
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The numbered steps, in order."""
        return tuple(_steps(self))

    @property
    def expected_s(self) -> float:
        """About how long all of it takes."""
        return sum(step.expected_s for step in self.steps)

    @property
    def traffic_s(self) -> float:
        """For how long traffic is scheduled at most: what an action may take beyond what is expected, included."""
        actions_s = sum(planned.wait_s + 3 * self.expected_of(planned) + 60 for planned in self.actions)
        observe_s = self.observed_s(0.0)
        return WARM_UP_S + self.scenario.steady_s + STEADY_PATIENCE_S + actions_s + observe_s

    @property
    def actions_s(self) -> float:
        """About how long it takes from the first action's beginning until the last one is healed."""
        return sum(planned.wait_s + self.expected_of(planned) for planned in self.actions)

    @property
    def shown_s(self) -> float:
        """How long it takes at least to show that a recovery lasts, and its p99; a scenario's own length is kept."""
        if self.scenario.observe_s is not None:
            return self.observe_s
        traffic = self.scenario.traffic
        if traffic is None:
            return 0.0
        enough_s = self.thresholds.operations_for(990) / traffic.search_rate if traffic.search_rate else 0.0
        return max(self.thresholds.window_s, enough_s) + traffic.deadline_s + FLUSH_S

    @property
    def readback_s(self) -> float:
        """About how long it takes to read everything back twice; in between the machine's yardstick is read."""
        if not self.scenario.data:
            return YARDSTICK_S
        return max(self.thresholds.readback_gap_s, YARDSTICK_S) + READ_S

    def observed_s(self, effect_ago_s: float) -> float:
        """For how long to observe at most once all actions are healed, the first of which took effect so long ago."""
        return max(self.observe_s, self.recover_by_s - effect_ago_s) if self.actions else 0.0

    def expected_of(self, planned: PlannedAction) -> float:
        """About how long an action takes, from its beginning until it is healed."""
        return planned.action.expected_s(self.about)

    def lines(self) -> list[str]:
        """Return the steps as they are printed, each with its number and when it begins."""
        begin_s, lines = 0.0, []
        for number, step in enumerate(self.steps, 1):
            lines.append(f"{number}. {step.text} ({begin_s:.0f} s + {step.expected_s:.0f} s)")
            begin_s += step.expected_s
        return lines


def make_plan(
    scenario: Scenario,
    *,
    profile: str,
    replicas: int,
    seed: int,
    about: Durations = _LOCAL,
    limits: Limits = _NO_LIMITS,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Return the plan of a scenario, for a cluster whose `settings` differ so from the release's own.

    Errors: BadInput for an unknown profile.
    """
    check_profile(profile)
    random = np.random.Generator(np.random.PCG64([seed, zlib.crc32(scenario.name.encode())]))
    chosen = scenario.faults if isinstance(scenario.faults, tuple) else scenario.faults.draw(random)
    planned = tuple(_planned(action, number, scenario.gap_s, random) for number, action in enumerate(chosen))
    thresholds = thresholds_of(scenario.thresholds, where=scenario.name)
    usual_s = OBSERVE_S[profile] if scenario.traffic else QUIET_S
    observe_s = usual_s if scenario.observe_s is None else scenario.observe_s
    bases = Bases(session_s(settings), about.provision_s)
    return Plan(scenario, profile, replicas, seed, planned, observe_s, limits, bases, thresholds, about)


def _planned(action: AnyAction, number: int, gap_s: float, random: np.random.Generator) -> PlannedAction:
    # The phase at which a fault meets the servers' own clocks is chance: the seed's.
    wait_s = (gap_s if number else 0.0) + float(random.random())
    return PlannedAction(action, wait_s, int(random.integers(1 << 16)), id=str(number + 1))


def _steps(plan: Plan) -> list[Step]:
    scenario, data, about = plan.scenario, plan.scenario.data, plan.about
    nodes = scenario.count(Role.QUERY_NODE)
    steps = [
        Step("read the machine's yardstick", YARDSTICK_S),
        Step(f"start Milvus {scenario.milvus} with {nodes} query nodes, settings {plan.profile}", about.provision_s),
    ]
    if data:
        what = f"load {data.rows:,} x {data.dim} rows, {data.index} {data.metric}, {plan.replicas} replica(s)"
        steps.append(Step(what, about.load_s))
    if scenario.traffic:
        steps.append(Step("send traffic and let it settle", WARM_UP_S))
        steps.append(Step("measure the steady state", scenario.steady_s))
    for planned in plan.actions:
        text = f"wait {planned.wait_s:.1f} s, then {planned.action.label}"
        steps.append(Step(text, planned.wait_s + plan.expected_of(planned)))
    if not scenario.traffic and plan.observe_s:
        steps.append(Step("watch it", plan.observe_s))
    elif scenario.traffic and plan.actions:
        at_most_s, own = plan.observed_s(plan.actions_s), plan.scenario.observe_s is not None
        until = "" if own else f" until that lasts {plan.thresholds.window_s:g} s, for {at_most_s:.0f} s at most"
        steps.append(Step(f"watch it recover{until}", min(at_most_s, plan.shown_s)))
    read = "read every key back, twice; between, the yardstick again" if data else "read the yardstick again"
    stop = "stop traffic, " if scenario.traffic else ""
    return [*steps, Step(f"{stop}{read}", plan.readback_s), Step("remove the cluster and judge", about.remove_s)]
