"""What an action, a kind of evidence or a platform of one's own is made with: see CONTRIBUTING.md.

A judge is imported with what is here; what records, draws, starts or plants something, only once it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from harness.action import (
    Action,
    Await,
    Begin,
    Composite,
    Effect,
    Heal,
    Healed,
    Hold,
    Moments,
    Offer,
    Others,
    ended_and_started,
    gradually,
)
from harness.cluster import ClusterSpec, Durations, Health, Member, Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.events import Names, as_event, event, said
from harness.history import Event, EventKind, History
from harness.journal import Undo
from harness.slo.evidence import Evidence, Judge, Part
from harness.slo.figure import Blame, Column, Figure, Group, Limited, Measured, Over
from harness.slo.inputs import Inputs
from harness.stage import Stage
from harness.value import Count, Seconds, SecondsOrNone, Text, value
from harness.verbs import Cluster, Platform
from harness.verdict import Finding, Validity, Verdict

if TYPE_CHECKING:
    from harness.platforms.ailment import Ailment
    from harness.platforms.choice import PlatformChoice
    from harness.platforms.entry import Leftover
    from harness.report.axis import Axis
    from harness.report.chart import Chart, Series
    from harness.report.section import Section
    from harness.report.table import Table
    from harness.report.view import ScenarioView
    from harness.run.recorder import Recorder, Recording
    from harness.run.traffic import PreparedTraffic
    from harness.selftest.backdoor import Backdoor
    from harness.selftest.row import Row

_LATER = {
    "Ailment": "harness.platforms.ailment",
    "Axis": "harness.report.axis",
    "Backdoor": "harness.selftest.backdoor",
    "Chart": "harness.report.chart",
    "Series": "harness.report.chart",
    "PlatformChoice": "harness.platforms.choice",
    "Leftover": "harness.platforms.entry",
    "Section": "harness.report.section",
    "Table": "harness.report.table",
    "ScenarioView": "harness.report.view",
    "Recorder": "harness.run.recorder",
    "Recording": "harness.run.recorder",
    "PreparedTraffic": "harness.run.traffic",
    "Row": "harness.selftest.row",
}

__all__ = [
    "Action",
    "Ailment",
    "Await",
    "Axis",
    "Backdoor",
    "BadInput",
    "Begin",
    "Blame",
    "Chart",
    "Cluster",
    "ClusterError",
    "ClusterSpec",
    "Column",
    "Composite",
    "Count",
    "Durations",
    "Effect",
    "Event",
    "EventKind",
    "Evidence",
    "Figure",
    "Finding",
    "Group",
    "Heal",
    "Healed",
    "Health",
    "History",
    "Hold",
    "Inputs",
    "Judge",
    "Leftover",
    "Limited",
    "Measured",
    "Member",
    "Moments",
    "Names",
    "Offer",
    "Others",
    "Over",
    "Part",
    "Platform",
    "PlatformChoice",
    "PreparedTraffic",
    "Recorder",
    "Recording",
    "Role",
    "Row",
    "ScenarioView",
    "Seconds",
    "SecondsOrNone",
    "Section",
    "Series",
    "Stage",
    "Table",
    "Text",
    "Undo",
    "Unsupported",
    "Validity",
    "Verdict",
    "as_event",
    "ended_and_started",
    "event",
    "gradually",
    "said",
    "value",
]


def __getattr__(name: str) -> object:
    """Import what is not needed to judge once it is asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
