"""A process that breaks a Milvus and never mends it: python -m tests.contract.breaks OPTIONS FAULT."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.cluster import ClusterSpec, Role
from harness.faults.inject import inject
from harness.faults.injection import Injection
from harness.faults.journal import Journal
from harness.plan.faults import Drain, Fault, Isolate, Kill, Pause, Scale, StopNode
from harness.plan.plan import PlannedFault
from harness.platforms.kubernetes.options import read_options
from harness.platforms.kubernetes.platform import KubernetesPlatform

NAME = "broken"
FAULTS: Mapping[str, Fault] = {
    "kill": Kill(Role.PROXY),
    "pause": Pause(Role.QUERY_NODE),
    "scale": Scale(Role.QUERY_NODE, to=3),
    "drain": Drain(Role.QUERY_NODE),
    "isolate": Isolate(Role.QUERY_NODE, Role.COORDINATORS),
    "stop-node": StopNode(Role.QUERY_NODE),
}


def tell(moment: str, _detail: Mapping[str, str]) -> None:
    """Say that it took effect, and wait for the end."""
    if moment == "effect":
        sys.stdout.write(f"{moment}\n")
        sys.stdout.flush()
        signal.pause()


def main(options: str, fault: str) -> None:
    """Do one fault to the Milvus that the options name."""
    cluster = KubernetesPlatform(read_options(Path(options)), on_kind=True).create(ClusterSpec(NAME), keep=False)
    inject(PlannedFault(FAULTS[fault], 0, 0), Injection(cluster, Journal(cluster.journal), tell, lambda _: None))


if __name__ == "__main__":
    main(*sys.argv[1:])
