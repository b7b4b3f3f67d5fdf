"""What a cluster's spec and a user's options become: the custom resource, and kind's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cluster import ClusterSpec, Role, Topology, roles_of
from harness.errors import BadInput
from harness.platforms.kubernetes.deploy import resource
from harness.platforms.kubernetes.kind import kind
from harness.platforms.kubernetes.milvus.pods import role_of
from harness.platforms.kubernetes.options import KubernetesOptions, read_options

LAB = Path(__file__).parents[1] / "lab" / "kind.yaml"


def options(**changes: Any) -> KubernetesOptions:
    return KubernetesOptions.model_validate(changes)


def test_a_cluster_becomes_a_resource_with_its_members_and_settings() -> None:
    spec = ClusterSpec("dev", settings={"proxy.maxTaskNum": "7"}, topology=Topology({Role.QUERY_NODE: 3}))
    body = resource.milvus_resource(spec, options(), "space")
    assert body["metadata"] == {"name": "dev", "namespace": "space"}
    components = body["spec"]["components"]
    assert components["image"] == "milvusdb/milvus:v2.3.5"
    assert components["queryNode"] == {"replicas": 3}
    assert components["updateConfigMapOnly"] is False
    assert {"proxy", "mixCoord", "dataNode", "indexNode"} <= components.keys()
    assert body["spec"]["config"]["proxy"] == {"maxTaskNum": 7}
    assert body["spec"]["config"]["common"]["session"]["ttl"] == 3


def test_names_are_filled_in_wherever_dependencies_are() -> None:
    body = resource.milvus_resource(ClusterSpec("dev"), read_options(LAB), "space")
    assert body["spec"]["dependencies"]["etcd"]["endpoints"] == ["meta-store.space:2379"]
    assert body["spec"]["config"]["minio"]["bucketName"] == "milvus"
    assert body["spec"]["components"]["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize(
    ("milvus", "image"),
    [("2.3.0", "milvusdb/milvus:v2.3.0"), ("mine/milvus:test", "mine/milvus:test"), ("milvus:x", "milvus:x")],
)
def test_a_version_is_an_image_of_the_options_and_an_image_is_itself(milvus: str, image: str) -> None:
    assert resource.image(milvus, options()) == image


@pytest.mark.parametrize(
    ("milvus", "left_out"),
    [
        ("2.3.5", Role.STREAMING_NODE),
        ("v2.5.9", Role.STREAMING_NODE),
        ("2.6.0", Role.INDEX_NODE),
        ("registry:5000/milvus:v2.6.1", Role.INDEX_NODE),
        ("3.0", Role.INDEX_NODE),
        ("milvus@sha256:12", Role.STREAMING_NODE),
        ("/opt/milvus", Role.STREAMING_NODE),
    ],
)
def test_a_version_decides_which_roles_there_are(milvus: str, left_out: Role) -> None:
    assert set(Role) - set(roles_of(milvus)) == {left_out}


def test_changes_touch_nothing_else() -> None:
    assert resource.scaled(Role.QUERY_NODE, 4) == {"spec": {"components": {"queryNode": {"replicas": 4}}}}
    upgraded = resource.upgraded("milvus:v2.3.5", "2.3.0")["spec"]["components"]
    assert upgraded == {"image": "milvus:v2.3.5", "imageUpdateMode": "rollingUpgrade"}
    back = resource.upgraded("milvus:v2.3.0", "milvus:v2.3.5")["spec"]["components"]
    assert back["imageUpdateMode"] == "rollingDowngrade"
    assert resource.configured({"a.b": "1"})["spec"]["config"] == {"a": {"b": 1}}


def test_the_way_in_leads_to_the_proxies() -> None:
    service = resource.node_port("dev", "space", 30530)
    assert role_of(service["spec"]["selector"], "dev", {}) is Role.PROXY
    assert service["spec"]["ports"][0]["nodePort"] == 30530


def test_kind_maps_the_way_in_to_this_machine_alone() -> None:
    config = kind.cluster_config(options(kind={"workers": 2, "config": {"networking": {"a": 1}}}).kind, 4711)
    assert [node["role"] for node in config["nodes"]] == ["control-plane", "worker", "worker"]
    mapping = config["nodes"][0]["extraPortMappings"][0]
    assert mapping == {"containerPort": 30530, "hostPort": 4711, "listenAddress": "127.0.0.1"}
    assert config["networking"] == {"a": 1}
    more = options(kind={"port_mappings": [{"container_port": 31000, "host_port": 31001}]}).kind
    mapping = kind.cluster_config(more, 4711)["nodes"][0]["extraPortMappings"][1]
    assert mapping == {"containerPort": 31000, "hostPort": 31001, "listenAddress": "127.0.0.1"}


def test_paths_are_found_beside_the_file_that_names_them(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(
        "operator: {chart: ../chart, repository: ''}\ndependencies: {manifests: [d.yaml]}\n", encoding="utf-8"
    )
    found = read_options(file)
    assert found.operator.chart == str(tmp_path / "chart")
    assert found.dependencies.manifests == (str(tmp_path / "deep" / "d.yaml"),)
    assert read_options(None).operator.chart == "milvus-operator"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: {worker: 2}", r"kind\.worker: Extra inputs are not permitted \(.*mine\.yaml\)"),
        ("operator: {install: apt}", r"operator\.install: Input should be 'helm', 'manifest' or 'present'"),
        ("kind: {node_port: 80}", r"kind\.node_port: Input should be greater than or equal to 30000"),
        ("kind: {config: {nodes: []}}", r"kind\.config: nodes is not set here: set workers, node_image and port_map"),
        ("[1", "is no YAML"),
        ("dependencies: {selectors: {kafka: app=x}}", r"dependencies\.selectors\.kafka"),
    ],
)
def test_a_wrong_option_is_named_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=told) as refused:
        read_options(file)
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match="can't be read: No such file"):
        read_options(tmp_path / "other.yaml")
