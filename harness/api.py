"""What a scenario file needs: `from harness.api import Kill, Role, Scenario, scenario`.

Nothing else of this package is meant to be imported by users.
"""

from harness.cluster import Role, Topology
from harness.plan.faults import (
    Configure,
    Drain,
    Isolate,
    Kill,
    KillContainer,
    Nothing,
    Pause,
    Scale,
    StopNode,
    Terminate,
    Upgrade,
)
from harness.plan.scenario import Chaos, Scenario
from harness.plan.specs import DataSpec, TrafficSpec
from harness.pytest_plugin.marks import scenario
from harness.pytest_plugin.outcome import Outcome

__all__ = [
    "Chaos",
    "Configure",
    "DataSpec",
    "Drain",
    "Isolate",
    "Kill",
    "KillContainer",
    "Nothing",
    "Outcome",
    "Pause",
    "Role",
    "Scale",
    "Scenario",
    "StopNode",
    "Terminate",
    "Topology",
    "TrafficSpec",
    "Upgrade",
    "scenario",
]
