"""When things go wrong on Kubernetes: the real reason in one line, a run that goes on, and nothing left."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.cluster import ClusterSpec, version_of
from harness.errors import BadInput, ClusterError
from harness.platforms import home
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.kind import kind
from harness.platforms.kubernetes.milvus.operated import KubernetesCluster
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.platforms.waiting import until
from tests.contract.runs import heal, only_run, output, running, scenario_file

NAME = "trouble"
# A container must have ended twice to be seen to do it again and again, and the operator looks every minute at times.
READY_S = 90
AWAY_S = 8.0
OPERATOR = ("milvus-operator", "milvus-operator")
DEFINITION = ("CustomResourceDefinition", "milvuses.milvus.io", None, "apiextensions.k8s.io/v1")
# Makes something wrong about options, as JSON has them, with a folder for files.
Change = Callable[[dict[str, Any], Path], None]
Told = Future[str]


def changed(options: KubernetesOptions, change: Change, folder: Path, ready_s: int = READY_S) -> KubernetesOptions:
    """Return options with something wrong, checked as a file's would be."""
    own = options.model_dump(mode="json")
    change(own, folder)
    own["milvus"]["ready_s"] = ready_s
    own["way_in"] = "port-forward"  # the node port is one only
    return KubernetesOptions.model_validate(own)


def as_new(options: KubernetesOptions, **keys: Any) -> KubernetesOptions:
    """Return options for a kind cluster of one's own."""
    return options.model_copy(update={"kind": options.kind.model_copy(update={"existing": "", **keys})})


def fails(name: str, options: KubernetesOptions) -> str:
    """Return why a cluster could not be made; nothing is left of it."""
    platform = KubernetesPlatform(options, on_kind=True)
    try:
        platform.create(ClusterSpec(name), keep=False).destroy()
    except (BadInput, ClusterError) as error:
        assert name not in home.names()
        return str(error)
    finally:
        platform.close()
    raise AssertionError("it came up")


def query_node(**wrong: Any) -> Change:
    """Return what makes something wrong about query nodes."""
    return lambda own, _: own["milvus"]["components"].update(queryNode=wrong)


def manifest(right: str, wrong: str) -> Change:
    """Return what makes something wrong in the dependencies' manifest."""

    def change(own: dict[str, Any], folder: Path) -> None:
        (file,) = own["dependencies"]["manifests"]
        text = Path(file).read_text(encoding="utf-8")
        assert right in text
        mine = folder / f"{len(list(folder.iterdir()))}.yaml"
        mine.write_text(text.replace(right, wrong, 1), encoding="utf-8")
        own["dependencies"]["manifests"] = [str(mine)]

    return change


def etcd(endpoint: str) -> Change:
    """Return what makes Milvus look elsewhere for etcd."""
    return lambda own, _: own["dependencies"]["spec"].update(etcd={"external": True, "endpoints": [endpoint]})


VOLUME = "hostPath: {path: /var/lib/harness/${NAMESPACE}-${UNIQUE}, type: DirectoryOrCreate}"
# What is wrong, and what is said of it.
TROUBLES: Mapping[str, tuple[Change, str]] = {
    "cpu": (query_node(resources={"requests": {"cpu": "64"}}), "no node has enough cpu for pod cpu-milvus-querynode"),
    "memory": (query_node(resources={"requests": {"memory": "900Gi"}}), "no node has enough memory for pod"),
    "crash": (
        query_node(env=[{"name": "GOMEMLIMIT", "value": "much"}]),
        "ends again and again: fatal error: malformed GOMEMLIMIT",
    ),
    "name": (
        manifest("[etcd,", "[etcd, --discovery-srv=nowhere.svc.cluster.local,"),
        "a name can't be resolved: lookup _etcd-server",
    ),
    "refused": (
        query_node(resources={"requests": {"cpu": "a lot"}}),
        "components.queryNode.resources.requests.cpu: Invalid value",
    ),
    "image": (
        lambda own, _: own["milvus"].update(image="milvusdb/none:v{version}"),
        "image milvusdb/none:v2.3.5 can't be pulled",
    ),
    "volume": (manifest(VOLUME, "persistentVolumeClaim: {claimName: nobodys}"), "a volume of pod meta-store"),
    "option": (manifest("[etcd,", '[etcd, "--no-such-option",'), "ends again and again: "),
    "port": (etcd("meta-store.port:1"), "etcd is not ready"),
    "host": (etcd("nowhere.host:2379"), "etcd is not ready"),
}
# They wait most of the time.
AT_ONCE = 5


@pytest.fixture(scope="module")
def told(kind_options: KubernetesOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Told]]:
    """What each trouble led to, brought about side by side."""
    folder = tmp_path_factory.mktemp("troubles")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = {name: changed(kind_options, change, folder) for name, (change, _) in TROUBLES.items()}
        yield {name: pool.submit(fails, name, options) for name, options in wrong.items()}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_wrong_is_said_and_nothing_is_left(trouble: str, told: Mapping[str, Told], kube: Kube) -> None:
    assert TROUBLES[trouble][1] in told[trouble].result()
    assert kube.get("Namespace", trouble) is None


def test_what_is_missing_on_the_machine_is_said(kind_options: KubernetesOptions, tmp_path: Path) -> None:
    own, docker = as_new(kind_options), shutil.which("docker")
    assert docker
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
        assert "start Docker" in fails(NAME, own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        assert "there is no docker (PATH)" in fails(NAME, own)
        (tmp_path / "docker").symlink_to(docker)
        assert "there is no kind (PATH)" in fails(NAME, own)


def test_what_is_taken_is_refused_and_left_alone(kind_options: KubernetesOptions) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        assert f"port {port} is taken" in fails(NAME, as_new(kind_options, host_port=port))
    theirs = kind_options.kind.existing
    if theirs.startswith(kind.PREFIX):  # one that the tests were given is called otherwise
        said = fails(theirs.removeprefix(kind.PREFIX), as_new(kind_options))
        assert f"there is a kind cluster {theirs} of somebody's" in said
        assert theirs in kind.names()


def test_a_missing_definition_is_said(kind_options: KubernetesOptions, kube: Kube, tmp_path: Path) -> None:
    def by_somebody(own: dict[str, Any], _: Path) -> None:
        own["operator"] = {"install": "present", "wait_s": 2}

    found = kube.get(*DEFINITION)
    assert found is not None
    kube.delete(DEFINITION[0], DEFINITION[1], api=DEFINITION[3])
    try:
        assert until(lambda: kube.get(*DEFINITION) is None, 30, 0.5)
        assert "the definition of Milvus is missing" in fails(NAME, changed(kind_options, by_somebody, tmp_path))
    finally:
        kept = {key: found["metadata"][key] for key in ("name", "labels", "annotations") if key in found["metadata"]}
        kube.apply({**found, "metadata": kept, "status": None})


def test_an_operator_that_does_not_run_is_said(kind_options: KubernetesOptions, kube: Kube, tmp_path: Path) -> None:
    name, namespace = OPERATOR
    with scaled_to(kube, 0, name, namespace):
        said = fails(NAME, changed(kind_options, lambda _own, _folder: None, tmp_path, ready_s=15))
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
    cluster = platform.create(ClusterSpec("rolled", milvus="2.3.4"), keep=False)
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
        assert set(map(version_of, cluster.versions().values())) == {(2, 3, 5)}
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
        "resource": lambda: kube.milvus(NAME, NAME) is not None,
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
    file = clusters_of_their_own / "own.yaml"
    file.write_text(as_new(kind_options).model_dump_json(), encoding="utf-8")  # JSON is YAML
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
