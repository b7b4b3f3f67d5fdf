"""The examples that are shipped: each reads, renders, and says nothing that the operator's definition does not know."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.render import render, topology
from harness.cluster import ClusterSpec, Role, Topology
from harness.errors import BadInput
from harness.platforms.kubernetes.access.api import MILVUS
from harness.platforms.kubernetes.deploy import components, install
from harness.platforms.kubernetes.deploy.resource import milvus_resource
from harness.platforms.kubernetes.options import KubernetesOptions, examples, read_options
from tests.unit import crd_schema

PRODUCTION = Path("production")


@pytest.fixture
def schema() -> crd_schema.Schema:
    file = crd_schema.definition()
    if not file:
        pytest.skip(f"set {crd_schema.FILE} to the definition of Milvus, the operator's crd.yaml")
    return crd_schema.read_schema(file, MILVUS[0].rpartition("/")[2])


def rendered(example: str, **changes: Any) -> dict[str, Any]:
    return milvus_resource(ClusterSpec("dev", **changes), read_options(Path(example)), "space")


def replicas(resource: dict[str, Any]) -> dict[str, int]:
    found = resource["spec"]["components"]
    return {role.value: found[key]["replicas"] for role, key in components.BY_ROLE.items() if key in found}


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_there_is_one_for_each_kind_of_cluster() -> None:
    assert examples() == ("basic", "external", "external-pulsar", "production")


@pytest.mark.parametrize("milvus", ["2.3.5", "2.6.4"])
@pytest.mark.parametrize("example", examples())
def test_the_definition_knows_every_field_of_every_example(
    example: str, milvus: str, schema: crd_schema.Schema
) -> None:
    assert crd_schema.faults(rendered(example, milvus=milvus), schema) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("monitoring", {"enabled": True}, "spec.monitoring: is unknown"),
        ("backup", {}, "spec.backup: is unknown"),
        ("components.queryNode.autoscaling", {"minReplicas": 1}, "spec.components.queryNode.autoscaling: is unknown"),
        ("components.queryNode.replicas", "5", "spec.components.queryNode.replicas: is no integer"),
        ("components.proxy.podLabels", {"a": 1}, "spec.components.proxy.podLabels.a: is no string"),
        ("components.env", [{"value": "1"}], "spec.components.env[0].name: is missing"),
        ("dependencies", {"storage": {"type": "GCS"}}, "spec.dependencies.storage.type: is none of"),
        ("config.any.thing", {"whatever": [1]}, ""),
        ("components.resources", {"limits": {"cpu": 2, "memory": "4Gi"}}, ""),
    ],
)
def test_what_the_definition_does_not_know_is_named_with_its_path(
    path: str, value: object, fault: str, schema: crd_schema.Schema
) -> None:
    resource = copy.deepcopy(rendered("basic"))
    *sections, last = path.split(".")
    node = resource["spec"]
    for section in sections:
        node = node.setdefault(section, {})
    node[last] = value
    found = crd_schema.faults(resource, schema)
    assert [one[: len(fault)] for one in found] == ([fault] if fault else [])


def test_what_the_nightly_workflow_runs_on_is_all_known(schema: crd_schema.Schema) -> None:
    options = read_options(Path(__file__).parents[2] / ".github" / "kind-with-nodes.yaml")
    assert crd_schema.faults(milvus_resource(ClusterSpec("dev"), options, "space"), schema) == []
    made = install.objects(options.dependencies.manifests, {"NAMESPACE": "space", "CLUSTER": "dev", "UNIQUE": "u"})
    assert "${" not in str(made)
    labelled = {f"app={one['metadata']['labels']['app']}" for one in made if one["kind"] == "Deployment"}
    assert labelled == set(options.dependencies.selectors.values())


def test_the_keys_that_are_taken_are_the_definitions_own(schema: crd_schema.Schema) -> None:
    known = schema["properties"]["spec"]["properties"]["components"]["properties"]
    single = {key for key, one in known.items() if "sidecars" in one.get("properties", {})}
    assert single - components.OF_ONE.keys() == {"standalone", "cdc"}
    # The operator's own notes, and what is set elsewhere.
    assert known.keys() - single - components.GLOBAL == {"activeConfigMap", "streamingMode", "image"}
    assert known.keys() >= components.GLOBAL
    for key, ours in components.OF_ONE.items():
        assert known[key]["properties"].keys() - ours <= {"image", "replicas", "groups"}
        assert known[key]["properties"].keys() >= ours


def test_production_is_rendered_as_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    render(platform_file=PRODUCTION)
    resource = yaml.safe_load(capsys.readouterr().out)
    assert replicas(resource) == {"proxy": 3, "mixcoord": 1, "querynode": 5, "datanode": 3, "indexnode": 2}
    node = resource["spec"]["components"]["queryNode"]
    assert node["resources"]["requests"] == {"cpu": "4", "memory": "16Gi"}
    apart = node["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]
    labels = {"app.kubernetes.io/instance": "dev", "app.kubernetes.io/component": "querynode"}
    assert apart["podAffinityTerm"]["labelSelector"]["matchLabels"] == labels
    assert resource["spec"]["config"]["dataCoord"]["segment"]["maxSize"] == 1024


def test_basic_is_one_of_each_and_leaves_the_dependencies_to_the_operator() -> None:
    resource = rendered("basic", topology=topology(None, Path("basic")))
    assert set(replicas(resource).values()) == {1}
    # Else they would stay, with their data, in a namespace that stays.
    removed = {"inCluster": {"deletionPolicy": "Delete", "pvcDeletion": True}}
    assert resource["spec"]["dependencies"] == {"etcd": removed, "storage": removed, "pulsar": removed}
    assert "pulsar" not in rendered("basic", milvus="2.6.0")["spec"]["dependencies"]


def test_coordinators_apart_are_all_there_or_none(tmp_path: Path) -> None:
    apart = {"rootCoord", "dataCoord", "queryCoord", "indexCoord"}
    file = written(tmp_path, "milvus: {components: {queryCoord: {resources: {limits: {cpu: 1}}}}}")
    options = read_options(file)
    found = milvus_resource(ClusterSpec("dev"), options, "space")["spec"]["components"]
    assert apart <= found.keys()
    assert "mixCoord" not in found
    assert found["queryCoord"] == {"resources": {"limits": {"cpu": 1}}, "replicas": 1}
    assert not apart & rendered("basic")["spec"]["components"].keys()
    with pytest.raises(BadInput, match=r"from 2\.6 on there are no coordinators of their own"):
        milvus_resource(ClusterSpec("dev", milvus="2.6.0"), options, "space")


@pytest.mark.parametrize(("example", "queue"), [("external", "kafka"), ("external-pulsar", "pulsar")])
def test_external_dependencies_are_all_external(example: str, queue: str) -> None:
    found = rendered(example)["spec"]["dependencies"]
    assert found.keys() == {"etcd", "storage", "msgStreamType", queue}
    assert found["msgStreamType"] == queue
    assert all(found[name]["external"] for name in ("etcd", "storage", queue))
    assert found["storage"]["secretRef"] == "milvus-s3"


@pytest.mark.parametrize("example", examples())
def test_from_2_6_on_there_are_streaming_nodes_and_no_index_nodes(example: str) -> None:
    new, old = (rendered(example, milvus=milvus)["spec"]["components"] for milvus in ("2.6.0", "2.3.5"))
    assert "streamingNode" in new
    assert "indexNode" not in new
    assert "streamingNode" not in old
    assert "indexNode" in old


def test_who_says_how_many_members_there_are() -> None:
    named = Topology({Role.QUERY_NODE: 2})
    assert replicas(rendered("production", topology=named))["querynode"] == 2
    assert replicas(rendered("production", topology=named))["proxy"] == 3
    assert replicas(rendered("production", topology=topology(4, PRODUCTION)))["querynode"] == 4
    assert topology(None, PRODUCTION).count(Role.QUERY_NODE) == 5
    assert topology(None, Path("external")) == topology(None, None) == Topology()


def test_a_bare_name_is_a_file_before_it_is_an_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_options(PRODUCTION).milvus.replicas[Role.PROXY] == 3
    PRODUCTION.write_text("milvus: {replicas: {proxy: 7}}", encoding="utf-8")
    assert read_options(PRODUCTION).milvus.replicas[Role.PROXY] == 7
    with pytest.raises(BadInput, match=r"example \(prod\): name a file, or one of basic, external, external-pulsar,"):
        read_options(Path("prod"))
    with pytest.raises(BadInput, match="can't be read: No such file"):
        read_options(Path("there/production"))


def test_replicas_outlive_the_state_of_a_cluster() -> None:
    options = read_options(PRODUCTION)
    assert KubernetesOptions.model_validate_json(options.model_dump_json()) == options


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{components: {autoscaling: {}}}", r"milvus\.components: there is no autoscaling; known are .*proxy"),
        ("{components: {queryNode: {autoscaling: {}}}}", r"there is no queryNode\.autoscaling; known are affinity, "),
        ("{components: {queryNode: {ingress: {}}}}", r"there is no queryNode\.ingress"),
        ("{components: {proxy: {image: a}}}", r"proxy\.image is not set here: .* set milvus\.image"),
        ("{components: {image: a}}", r"milvus\.components: image is not set here"),
        ("{components: {proxy: {replicas: 2}}}", r"proxy\.replicas is not set here: set milvus\.replicas"),
        ("{components: {proxy: 2}}", r"proxy is no mapping"),
        ("{replicas: {proxy: 0}}", r"milvus\.replicas\.proxy: Input should be greater than 0"),
        ("{replicas: {queryNode: 3}}", r"milvus\.replicas\.queryNode.*Input should be 'proxy', .*'querynode'"),
        ("{replicas: {etcd: 3}}", r"milvus\.replicas: etcd is no part of Milvus; take proxy, mixcoord, querynode"),
    ],
)
def test_what_is_no_part_of_the_resource_is_refused_as_the_file_is_read(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as refused:
        read_options(written(tmp_path, f"milvus: {text}"))
    assert "\n" not in str(refused.value)
    assert "mine.yaml" in str(refused.value)
