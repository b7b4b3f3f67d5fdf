"""What only Kubernetes has, on a real kind cluster: containers, nodes, a network between pods, an operator."""

from __future__ import annotations

import pytest

from harness.cluster import Health, Role
from harness.errors import BadInput
from harness.platforms.kubernetes.kind.cluster import KindCluster
from harness.platforms.waiting import until

READY_S = 240.0


def nodes_of(cluster: KindCluster, role: Role) -> set[str]:
    return {member.node for member in cluster.members() if member.role is role}


def test_a_killed_container_starts_again_in_its_pod(kind_cluster: KindCluster) -> None:
    before = kind_cluster._pod("querynode-1")
    kind_cluster.kill_container("querynode-1")
    kind_cluster.start("querynode-1")
    after = kind_cluster._pod("querynode-1")
    assert after.name == before.name
    assert after.uid != before.uid
    kind_cluster.logs("querynode-1")
    assert any("previous" in name for name in kind_cluster.log_files())


def test_a_drained_node_is_empty_until_it_is_given_back(kind_cluster: KindCluster) -> None:
    node = sorted(nodes_of(kind_cluster, Role.QUERY_NODE))[0]
    left: list[str] = []
    kind_cluster.drain(node, lambda name, _what: left.append(name))
    try:
        assert any(name.startswith("querynode") for name in left)
        kind_cluster.wait_ready(READY_S)
        assert node not in {m.node for m in kind_cluster.members() if m.role.is_milvus}
        with pytest.raises(BadInput, match="cordoned already"):
            kind_cluster.cordon(node)
    finally:
        kind_cluster.uncordon(node)
    kind_cluster.cordon(node)
    kind_cluster.uncordon(node)


def test_what_lies_on_a_stopped_node_is_dead_until_the_node_is_back(kind_cluster: KindCluster) -> None:
    node = sorted({m.node for m in kind_cluster.members()} & set(kind_cluster.nodes()))[0]
    there = [m.name for m in kind_cluster.members() if m.node == node]
    kind_cluster.stop_node(node)
    try:
        pulse = kind_cluster.pulse()
        assert {pulse[name].health for name in there} == {Health.DEAD}
    finally:
        kind_cluster.start_node(node)
    kind_cluster.wait_ready(READY_S)
    assert {pulse.health for pulse in kind_cluster.pulse().values()} == {Health.READY}


def test_the_node_of_the_api_server_is_never_stopped(kind_cluster: KindCluster) -> None:
    (control,) = {one["metadata"]["name"] for one in kind_cluster._kube.items("Node")} - set(kind_cluster.nodes())
    with pytest.raises(BadInput, match="can't be stopped"):
        kind_cluster.stop_node(control)


def test_isolated_roles_do_not_reach_each_other_until_they_are_joined(kind_cluster: KindCluster) -> None:
    one, other = kind_cluster._pod("querynode-1"), kind_cluster._pod("mixcoord-1")
    assert kind_cluster._reaches(one, other)
    kind_cluster.isolate(Role.QUERY_NODE, Role.COORDINATORS)
    try:
        assert not kind_cluster._reaches(one, other)
    finally:
        kind_cluster.join(Role.QUERY_NODE, Role.COORDINATORS)
    assert until(lambda: kind_cluster._reaches(one, other), 10)
    kind_cluster.wait_ready(READY_S)


def test_what_kubernetes_said_is_told_and_kept(kind_cluster: KindCluster) -> None:
    told = {(event.kind.value, event.name) for event in kind_cluster.happenings()}
    assert ("resource", "MilvusReady") in told
    assert any(kind == "orchestrator" and name.startswith("Pod/") for kind, name in told)
    files = kind_cluster.log_files()
    assert "Killing" in files["kubernetes-events"].read_text(encoding="utf-8")
    assert "MilvusReady" in files["milvus-resource"].read_text(encoding="utf-8")


def test_the_resource_says_how_it_is(kind_cluster: KindCluster) -> None:
    kind_cluster.wait_ready(READY_S)
    assert kind_cluster.conditions()["status"] == "Healthy"
    assert kind_cluster.conditions()["MilvusUpdated"] == "True"
