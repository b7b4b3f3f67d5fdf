"""The harness is killed while it breaks a Milvus that was there: `harness heal` leaves it as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pymilvus import MilvusClient

from harness.platforms import home
from harness.platforms.kubernetes.access.nodes import CORDONED_BY
from harness.platforms.kubernetes.kind.cluster import KindCluster
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.waiting import until
from tests.contract.breaks import FAULTS, NAME
from tests.contract.runs import heal, output, running, scenario_file

READY_S = 240.0


@pytest.fixture
def found(kind_cluster: KindCluster, kind_options: KubernetesOptions, tmp_path: Path) -> Path:
    """Options that name the Milvus that is there."""
    own = json.loads(kind_options.model_dump_json())
    own["milvus"]["existing"] = kind_cluster.name
    own["namespace"] = kind_cluster.place.namespace
    own["way_in"] = "address"
    own["address"] = kind_cluster.endpoint().address
    file = tmp_path / "options.yaml"
    file.write_text(json.dumps(own), encoding="utf-8")  # JSON is YAML
    return file


def state(cluster: KindCluster) -> dict[str, Sequence[object]]:
    """Return what a fault would have changed, looked at from outside."""
    nodes = [node["metadata"]["name"] for node in cluster._kube.items("Node")]
    return {
        "members": sorted((name, pulse.health) for name, pulse in cluster.pulse().items()),
        "cordoned": [n["metadata"]["name"] for n in cluster._kube.items("Node") if n["spec"].get("unschedulable")],
        "filtered": [node for node in nodes if "harness-" in on_node(node, "iptables-save")],
        "collections": collections(cluster),
    }


def collections(cluster: KindCluster) -> list[str]:
    with closing(MilvusClient(cluster.endpoint().uri, timeout=10)) as client:
        return list(client.list_collections())


def on_node(node: str, *command: str) -> str:
    return subprocess.run(["docker", "exec", node, *command], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_once_a_fault_took_effect_heal_takes_it_back(
    fault: str, kind_cluster: KindCluster, found: Path, tmp_path: Path
) -> None:
    before = state(kind_cluster)
    told = tmp_path / "told.txt"
    with told.open("w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "-m", "tests.contract.breaks", found, fault], stdout=file)
        try:
            assert until(lambda: "effect" in told.read_text(encoding="utf-8"), 120, 0.5)
        finally:
            process.kill()
            process.wait()
    assert f"cluster {NAME}" in heal()
    assert NAME not in home.names()
    kind_cluster.wait_ready(READY_S)
    assert until(lambda: len(kind_cluster.pulse()) == len(before["members"]), 60, 0.5)
    assert state(kind_cluster) == before


def test_killed_under_traffic_heal_removes_the_collection(
    kind_cluster: KindCluster, found: Path, tmp_path: Path
) -> None:
    before = state(kind_cluster)
    scenario_file(tmp_path)
    with running(tmp_path, "--harness-platform=kind", f"--harness-platform-file={found}") as process:
        assert until(lambda: "short: steady" in output(tmp_path), 120, 0.5), output(tmp_path)
        assert collections(kind_cluster) != []
        process.kill()
        process.wait()
    assert "cluster short-" in heal()
    assert state(kind_cluster) == before


def test_a_node_that_somebody_cordoned_stays_so(kind_cluster: KindCluster) -> None:
    node = kind_cluster.nodes()[0]
    kind_cluster._kube.patch("Node", node, None, {"spec": {"unschedulable": True}})
    try:
        kind_cluster.uncordon(node)
        assert state(kind_cluster)["cordoned"] == [node]
    finally:
        kind_cluster._kube.patch("Node", node, None, {"spec": {"unschedulable": None}})
    kind_cluster.cordon(node)
    kind_cluster.uncordon(node)
    found = kind_cluster._kube.get("Node", node)
    assert found is not None
    assert CORDONED_BY not in found["metadata"].get("annotations", {})
