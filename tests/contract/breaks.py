"""A process that breaks a Milvus and never mends it: python -m tests.contract.breaks OPTIONS FAULT."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.action import AnyAction
from harness.api import Drain, Isolate, Kill, Pause, Scale, StopNode
from harness.cluster import ClusterSpec, Role
from harness.journal import Journal
from harness.plan.plan import PlannedAction
from harness.platforms.kubernetes.options import read_options
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.run.driver import Driver
from harness.run.sight import LiveSight

NAME = "broken"
FAULTS: Mapping[str, AnyAction] = {
    "kill": Kill(Role.PROXY),
    "pause": Pause(Role.QUERY_NODE),
    "scale": Scale(Role.QUERY_NODE, to=3),
    "drain": Drain(Role.QUERY_NODE),
    "isolate": Isolate(Role.QUERY_NODE, Role.COORDINATORS),
    "stop-node": StopNode(Role.QUERY_NODE),
}


def tell(_label: str, moment: str, _detail: Mapping[str, str]) -> None:
    """Say that it took effect, and wait for the end."""
    if moment == "effect":
        sys.stdout.write(f"{moment}\n")
        sys.stdout.flush()
        signal.pause()


def main(options: str, fault: str) -> None:
    """Do one fault to the Milvus that the options name."""
    cluster = KubernetesPlatform(read_options(Path(options)), on_kind=True).create(ClusterSpec(NAME), keep=False)
    sight = LiveSight(cluster, Path.cwd(), 0)
    driver = Driver(cluster, Journal(cluster.journal), tell, lambda _: None, sight)
    driver.carry_out(PlannedAction(FAULTS[fault], 0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
