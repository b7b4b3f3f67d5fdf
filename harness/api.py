"""What a scenario file needs: `from harness.api import Kill, Role, Scenario, scenario`.

Nothing else of this package is meant to be imported by users.
"""

from harness.actions.chaos import Chaos
from harness.actions.configure import Configure
from harness.actions.drain import Drain
from harness.actions.isolate import Isolate
from harness.actions.kill import Kill
from harness.actions.kill_container import KillContainer
from harness.actions.nothing import Nothing
from harness.actions.pause import Pause
from harness.actions.repeated import Every, Times
from harness.actions.scale import Scale
from harness.actions.stop_node import StopNode
from harness.actions.surge import Surge
from harness.actions.terminate import Terminate
from harness.actions.together import Together
from harness.actions.upgrade import Upgrade
from harness.actions.when import ErrorsAbove, MemberIs, RateBelow, RowsIn, When
from harness.cluster import Health, Role, Topology
from harness.plan.scenario import Scenario
from harness.plan.specs import DataSpec, TrafficSpec
from harness.pytest_plugin.marks import scenario
from harness.pytest_plugin.outcome import Outcome

__all__ = [
    "Chaos",
    "Configure",
    "DataSpec",
    "Drain",
    "ErrorsAbove",
    "Every",
    "Health",
    "Isolate",
    "Kill",
    "KillContainer",
    "MemberIs",
    "Nothing",
    "Outcome",
    "Pause",
    "RateBelow",
    "Role",
    "RowsIn",
    "Scale",
    "Scenario",
    "StopNode",
    "Surge",
    "Terminate",
    "Times",
    "Together",
    "Topology",
    "TrafficSpec",
    "Upgrade",
    "When",
    "scenario",
]
