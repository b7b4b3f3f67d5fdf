"""A scenario: topology, data, traffic, actions. A value that users write and the harness carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.action import AnyAction, Drawn
from harness.cluster import Role, Topology
from harness.plan.specs import DataSpec, TrafficSpec

# The least steady state that a p99 at 50 searches/s can be judged on (facts: measuring, steady state).
STEADY_S = 40.0
# A shared machine can be busy for some minutes: the steady state is the first stretch that is calm within this.
STEADY_PATIENCE_S = 300.0
WARM_UP_S = 3.0
# How long it takes to read every key back, on the machines that were tried.
READ_S = 2.0
# How long a reading of what the machine does by itself takes, on the machines that were tried.
YARDSTICK_S = 3.0


@dataclass(frozen=True)
class Scenario:
    """What is done to which cluster under which traffic; SLO limits are found by its name.

    `faults` are actions, or what draws them; `gap_s` lies between one's healing and the next one. `milvus` is the
    version it starts from. A shorter `steady_s`, or `observe_s` than the profile's own, is for trying things out: what
    is too short is INVALID. `thresholds` are those of how figures are measured (docs/reference.md) that differ from the
    default.
    """

    name: str
    title: str
    faults: tuple[AnyAction, ...] | Drawn = ()
    topology: Topology = field(default_factory=Topology)
    data: DataSpec = field(default_factory=DataSpec)
    traffic: TrafficSpec = field(default_factory=TrafficSpec)
    milvus: str = "2.3.5"
    settings: Mapping[str, str] = field(default_factory=dict)
    gap_s: float = 10.0
    steady_s: float = STEADY_S
    observe_s: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def count(self, role: Role) -> int:
        """Return how many members of a role the scenario starts with."""
        return self.topology.count(role)
