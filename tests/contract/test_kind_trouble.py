"""When things go wrong on Kubernetes: the real reason in one line, a run that goes on, and nothing left."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.cluster import ClusterSpec
from harness.errors import ClusterError
from harness.platforms import home
from harness.platforms.kubernetes import kind
from harness.platforms.kubernetes.api import MILVUS, Kube
from harness.platforms.kubernetes.cluster import KubernetesCluster
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.platforms.waiting import until
from tests.contract.runs import heal, only_run, output, running, scenario_file

NAME = "trouble"
# What is wrong shows within half a minute: a container must have ended twice to be seen to do it again and again.
READY_S = 45
AWAY_S = 8.0
OPERATOR = ("milvus-operator", "milvus-operator")


def changed(options: KubernetesOptions, **changes: Mapping[str, Any]) -> KubernetesOptions:
    """Return options with some keys of their parts changed, checked as a file's would be."""
    own = options.model_dump(mode="json")
    for part, keys in changes.items():
        own[part] = {**own[part], **keys}
    own["milvus"]["ready_s"] = READY_S
    return KubernetesOptions.model_validate(own)


def components(options: KubernetesOptions, **query_node: Any) -> KubernetesOptions:
    """Return options with something wrong about query nodes."""
    return changed(options, milvus={"components": {**options.milvus.components, "queryNode": query_node}})


@pytest.fixture
def kube(kind_options: KubernetesOptions, tmp_path: Path) -> Iterator[Kube]:
    kubeconfig = tmp_path / "kubeconfig"
    kind.use(kind_options.kind, kubeconfig)
    with closing(Kube(kubeconfig, None, tmp_path / "discovery.json")) as made:
        yield made


def fails(options: KubernetesOptions) -> str:
    """Return why a cluster could not be made; nothing is left of it."""
    platform = KubernetesPlatform(options, on_kind=True)
    try:
        platform.create(ClusterSpec(NAME), keep=False).destroy()
    except ClusterError as error:
        assert home.names() == []
        return str(error)
    finally:
        platform.close()
    raise AssertionError("it came up")


@pytest.mark.parametrize(
    ("query_node", "said"),
    [
        ({"resources": {"requests": {"cpu": "64"}}}, "no node has enough cpu for pod trouble-milvus-querynode"),
        ({"resources": {"requests": {"memory": "900Gi"}}}, "no node has enough memory for pod"),
        ({"env": [{"name": "GOMEMLIMIT", "value": "much"}]}, "ends again and again: fatal error: malformed GOMEMLIMIT"),
        (
            {"resources": {"requests": {"cpu": "a lot"}}},
            "components.queryNode.resources.requests.cpu: Invalid value",
        ),
    ],
    ids=["cpu", "memory", "crash", "refused"],
)
def test_what_is_wrong_with_a_member_is_said(
    kind_options: KubernetesOptions, kube: Kube, query_node: dict[str, Any], said: str
) -> None:
    assert said in fails(components(kind_options, **query_node))
    assert kube.get("Namespace", NAME) is None


VOLUME = "hostPath: {path: /var/lib/harness/${NAMESPACE}-${UNIQUE}, type: DirectoryOrCreate}"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (VOLUME, "persistentVolumeClaim: {claimName: nobodys}", "a volume of pod meta-store"),
        ("[etcd,", '[etcd, "--no-such-option",', "ends again and again: "),
    ],
    ids=["volume", "option"],
)
def test_what_is_wrong_with_a_dependency_is_said(
    kind_options: KubernetesOptions, tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    (file,) = kind_options.dependencies.manifests
    text = Path(file).read_text(encoding="utf-8")
    assert right in text
    mine = tmp_path / "dependencies.yaml"
    mine.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert said in fails(changed(kind_options, dependencies={"manifests": (str(mine),)}))


def test_an_image_that_cannot_be_pulled_is_said(kind_options: KubernetesOptions) -> None:
    said = fails(changed(kind_options, milvus={"image": "milvusdb/none:v{version}"}))
    assert "image milvusdb/none:v2.3.5 can't be pulled" in said


@pytest.mark.parametrize(
    ("endpoint", "said"), [("meta-store.trouble:1", "etcd is not ready"), ("nowhere.trouble:2379", "etcd is not ready")]
)
def test_a_dependency_that_does_not_answer_is_said(kind_options: KubernetesOptions, endpoint: str, said: str) -> None:
    spec = {**kind_options.dependencies.spec, "etcd": {"external": True, "endpoints": [endpoint]}}
    assert said in fails(changed(kind_options, dependencies={"spec": spec}))


def test_an_operator_that_does_not_run_is_said(kind_options: KubernetesOptions, kube: Kube) -> None:
    name, namespace = OPERATOR
    with scaled_to(kube, 0, name, namespace):
        said = fails(changed(kind_options))
    assert "the Milvus operator is not running" in said


@contextmanager
def scaled_to(kube: Kube, count: int, name: str, namespace: str) -> Iterator[None]:
    def gone() -> bool:
        return len(kube.items("Pod", namespace)) == count

    kube.patch("Deployment", name, namespace, {"spec": {"replicas": count}}, "apps/v1")
    try:
        assert until(gone, 60, 0.5)
        yield
    finally:
        kube.patch("Deployment", name, namespace, {"spec": {"replicas": 1}}, "apps/v1")


def test_the_api_server_may_be_away_for_a_while(
    kind_options: KubernetesOptions, kind_file: Path, tmp_path: Path
) -> None:
    scenario_file(tmp_path, CALM)
    node = f"{kind_options.kind.existing}-control-plane"
    rule = ["INPUT", "-p", "tcp", "--dport", "6443", "-j", "REJECT", "--reject-with", "tcp-reset"]
    with running(tmp_path, "--harness-platform=kind", f"--harness-platform-file={kind_file}") as process:
        assert until(lambda: "calm: steady" in output(tmp_path), 240, 0.5), output(tmp_path)
        on_node(node, "iptables", "-I", *rule)
        try:
            # Members' watches break, and what they miss is looked up afterwards.
            assert not until(lambda: process.poll() is not None, AWAY_S, 0.5)
        finally:
            on_node(node, "iptables", "-D", *rule)
        process.wait(240)
    told = (only_run(tmp_path) / "index.html").read_text(encoding="utf-8")
    assert "API server" in told
    assert "does not answer" in told
    assert "aborted" not in output(tmp_path)


def test_a_killed_operator_goes_on_with_the_upgrade(kind_options: KubernetesOptions, kube: Kube) -> None:
    platform = KubernetesPlatform(kind_options, on_kind=True)
    cluster = platform.create(ClusterSpec("rolled", milvus="2.3.0"), keep=False)
    killed: list[str] = []

    def on_member(name: str, _what: str) -> None:
        if not killed:
            killed.append(name)
            for pod in kube.items("Pod", OPERATOR[1]):
                kube.delete("Pod", pod["metadata"]["name"], OPERATOR[1], grace_s=0)

    try:
        assert isinstance(cluster, KubernetesCluster)
        cluster.upgrade("2.3.5", on_member)
        assert killed
        assert set(cluster.versions().values()) == {"v2.3.5-lite"}
    finally:
        cluster.destroy()
        platform.close()


CALM = """
from harness.api import Outcome, Scenario, scenario


@scenario(Scenario(name="calm", title="Nothing is done", steady_s=25))
def test_calm(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
"""


def on_node(node: str, *command: str) -> None:
    subprocess.run(["docker", "exec", node, *command], check=True, capture_output=True)


@pytest.mark.parametrize("moment", ["namespace", "resource", "pods"])
def test_killed_while_it_makes_a_milvus_heal_leaves_nothing(
    kube: Kube, kind_options: KubernetesOptions, kind_file: Path, moment: str
) -> None:
    reached: dict[str, Callable[[], bool]] = {
        "namespace": lambda: kube.get("Namespace", NAME) is not None,
        "resource": lambda: kube.get(MILVUS[1], NAME, NAME, MILVUS[0]) is not None,
        "pods": lambda: any("querynode" in pod["metadata"]["name"] for pod in kube.items("Pod", NAME)),
    }
    with going_up(NAME, kind_file) as process:
        assert until(reached[moment], 120, 0.2), (kind_file.parent / f"{NAME}.txt").read_text(encoding="utf-8")
        process.kill()
    said = heal()
    assert f"cluster {NAME}" in said
    assert home.names() == []
    assert kube.get("Namespace", NAME) is None
    assert kind_options.kind.existing in kind.names()


def test_killed_while_it_makes_a_kind_cluster_heal_leaves_nothing(
    kind_options: KubernetesOptions, clusters_of_their_own: Path
) -> None:
    own = kind_options.model_copy(update={"kind": kind_options.kind.model_copy(update={"existing": ""})})
    file = clusters_of_their_own / "own.yaml"
    file.write_text(own.model_dump_json(), encoding="utf-8")  # JSON is YAML
    with going_up("halfway", file) as process:
        assert until(lambda: "harness-halfway" in kind.names(), 60, 0.5)
        process.send_signal(signal.SIGKILL)
    assert "kind cluster halfway" in heal()
    assert "harness-halfway" not in kind.names()
    assert home.names() == []


@contextmanager
def going_up(name: str, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start `harness up`; at the end it is no longer there."""
    command = [sys.executable, "-m", "harness.cli", "up", name, "--platform=kind", f"--platform-file={file}"]
    with (file.parent / f"{name}.txt").open("w", encoding="utf-8") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
