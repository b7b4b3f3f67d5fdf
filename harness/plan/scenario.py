"""A scenario: topology, data, traffic, actions. A value that users write and the harness carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from pydantic import PlainValidator

from harness.action import Action, AnyAction, Drawn
from harness.cluster import Role, Topology
from harness.errors import BadInput
from harness.plan.specs import DataSpec, TrafficSpec
from harness.value import Pairs, Seconds, SecondsOrNone, Text, value

# The least steady state that a p99 at 50 searches/s can be judged on (facts: measuring, steady state).
STEADY_S = 40.0
# A shared machine can be busy for some minutes: the steady state is the first stretch that is calm within this.
STEADY_PATIENCE_S = 300.0
WARM_UP_S = 3.0
# How long it takes to read every key back, on the machines that were tried.
READ_S = 2.0
# How long a reading of what the machine does by itself takes, on the machines that were tried.
YARDSTICK_S = 3.0


def _actions(given: object) -> object:
    """Take a tuple of actions, or what draws them."""
    if isinstance(given, Drawn) or (isinstance(given, tuple) and all(isinstance(one, Action) for one in given)):
        return given
    raise ValueError("write a tuple of actions, e.g. (Kill(Role.PROXY),), or Chaos()")


@value
class Scenario:
    """What is done to which cluster under which traffic; SLO limits are found by its name.

    `faults` are actions, or what draws them; without any, nothing is done. Without `traffic` nobody sends any: there is
    no steady state to wait for, and no client's figures are judged. Without `data` there is no collection, and so no
    traffic. `gap_s` lies between one's healing and the next. `milvus` is the version it starts from. A shorter
    `steady_s`, or `observe_s` than the profile's own, is for trying things out: what is too short is INVALID.
    `thresholds` are those of how figures are measured (docs/reference.md) that differ from the default.
    """

    name: Text
    title: str
    faults: Annotated[tuple[AnyAction, ...] | Drawn, PlainValidator(_actions)] = ()
    topology: Topology = field(default_factory=Topology)
    data: DataSpec | None = field(default_factory=DataSpec)
    traffic: TrafficSpec | None = field(default_factory=TrafficSpec)
    milvus: Text = "2.3.5"
    settings: Annotated[Mapping[str, str], Pairs] = field(default_factory=dict)
    gap_s: SecondsOrNone = 10.0
    steady_s: Seconds = STEADY_S
    observe_s: SecondsOrNone | None = None
    thresholds: Annotated[Mapping[str, float], Pairs] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.data is None and self.traffic is not None:
            what = "there is no collection to send traffic to"
            raise BadInput(what, where="Scenario.traffic", mend="give data, or traffic=None as well")

    def count(self, role: Role) -> int:
        """Return how many members of a role the scenario starts with."""
        return self.topology.count(role)
