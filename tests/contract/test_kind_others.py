"""A cluster that somebody else made: used with few rights, changed in nothing, left as it was found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.api import Upgrade
from harness.cluster import ClusterSpec, Health, Role
from harness.errors import BadInput, Unsupported
from harness.platforms import home
from harness.platforms.kubernetes.access.api import MILVUS, Kube
from harness.platforms.kubernetes.deploy import install
from harness.platforms.kubernetes.kind.cluster import KindCluster
from harness.platforms.kubernetes.milvus.operated import KubernetesCluster
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.platforms.waiting import until
from harness.run.driver import refuse
from harness.verbs import Changeable
from harness.verdict import Verdict
from tests.contract.runs import only_run, output, running, scenario_file

RIGHTS = Path(__file__).parents[2] / "docs/rights.yaml"
LIMITED = "limited"


def there_already(options: KubernetesOptions, kubeconfig: Path, **milvus: Any) -> KubernetesOptions:
    """Return options for what is there already, in a kubeconfig's context."""
    own = options.model_dump(mode="json")
    own["milvus"] |= milvus
    own |= {
        "kubeconfig": str(kubeconfig),
        "context": yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["current-context"],
        "operator": {"install": "present"},
    }
    return KubernetesOptions.model_validate(own)


@pytest.fixture
def found(kind_cluster: KindCluster, kind_options: KubernetesOptions, kubeconfig: Path) -> KubernetesPlatform:
    options = there_already(kind_options, kubeconfig, existing=kind_cluster.name)
    address = kind_cluster.endpoint().address
    way = {"namespace": kind_cluster.place.namespace, "way_in": "address", "address": address}
    return KubernetesPlatform(options.model_copy(update=way), on_kind=False)


def test_a_milvus_that_is_there_is_used_and_left_as_it_was(
    found: KubernetesPlatform, kind_cluster: KindCluster, kube: Kube
) -> None:
    mine = found.create(ClusterSpec("mine"), keep=False)
    assert isinstance(mine, KubernetesCluster)
    assert mine.shared
    before = mine.pulse()
    assert before.keys() == kind_cluster.pulse().keys()
    mine.kill("querynode-1")
    mine.start("querynode-1")
    assert mine.pulse()["querynode-1"].health is Health.READY
    mine.scale(Role.QUERY_NODE, 3, lambda _name, _what: None)
    mine.destroy()
    assert kube.milvus(kind_cluster.name, kind_cluster.place.namespace) is not None
    assert until(lambda: sum(name.startswith("querynode") for name in kind_cluster.pulse()) == 2, 60)
    assert "mine" not in home.names()


def test_what_would_not_be_left_as_it_was_is_refused(found: KubernetesPlatform) -> None:
    assert not any(issubclass(verb, Changeable) for verb in found.verbs)
    with pytest.raises(Unsupported, match="it would not be left as it was found"):
        refuse(Upgrade("2.3.5"), found)


def test_a_milvus_that_is_not_there_or_too_small_is_refused(
    found: KubernetesPlatform, kind_options: KubernetesOptions, kubeconfig: Path
) -> None:
    options = there_already(kind_options, kubeconfig, existing="nobodys").model_copy(update={"namespace": "default"})
    with pytest.raises(BadInput, match="there is no Milvus 'nobodys'"):
        KubernetesPlatform(options, on_kind=False).create(ClusterSpec("mine"), keep=False)
    spec = ClusterSpec("mine")
    with pytest.raises(BadInput, match="2 querynode, 9 are needed"):
        found.create(type(spec)("mine", topology=type(spec.topology)({Role.QUERY_NODE: 9})), keep=False)
    assert "mine" not in home.names()


def test_what_would_be_done_is_said_and_nothing_is(
    kind_options: KubernetesOptions, kubeconfig: Path, kube: Kube, kind_cluster: KindCluster
) -> None:
    del kind_cluster  # the definition is there
    options = there_already(kind_options, kubeconfig).model_copy(update={"namespace": "default"})
    said = list(KubernetesPlatform(options, on_kind=False).intent(ClusterSpec("mine")))
    assert any("create the Milvus mine" in line for line in said)
    assert said[-1] == "(the API server would take it: checked by a dry run)"
    assert kube.milvus("mine", "default") is None


def test_a_namespace_that_is_there_is_not_taken_over(
    kind_options: KubernetesOptions, kubeconfig: Path, kind_cluster: KindCluster
) -> None:
    del kind_cluster
    platform = KubernetesPlatform(there_already(kind_options, kubeconfig), on_kind=False)
    with pytest.raises(BadInput, match="the namespace is there already"):
        platform.create(ClusterSpec("default"), keep=False)


def test_the_rights_of_the_docs_are_enough(
    kind_options: KubernetesOptions, kubeconfig: Path, kube: Kube, kind_cluster: KindCluster, tmp_path: Path
) -> None:
    del kind_cluster  # the operator is there
    install.namespace(kube, LIMITED, {})
    names = {"NAMESPACE": LIMITED, "CLUSTER": LIMITED, "UNIQUE": tmp_path.name}
    install.manifests(kube, kind_options.dependencies.manifests, LIMITED, names)
    rights = tmp_path / "rights.yaml"
    rights.write_text(RIGHTS.read_text(encoding="utf-8").replace("NAMESPACE", LIMITED), encoding="utf-8")
    install.manifests(kube, (str(rights),), LIMITED, {})
    own = there_already(kind_options, limited(kubeconfig, tmp_path)).model_copy(update={"namespace": LIMITED})
    own = own.model_copy(update={"dependencies": own.dependencies.model_copy(update={"manifests": ()})})
    file = tmp_path / "options.yaml"
    file.write_text(own.model_dump_json(), encoding="utf-8")
    scenario_file(tmp_path)
    try:
        with running(tmp_path, "--harness-platform=kubernetes", f"--harness-platform-file={file}") as process:
            assert process.wait(400) == Verdict.INVALID.exit_code, output(tmp_path)  # it is too short to prove anything
        verdict = json.loads((only_run(tmp_path) / "verdict.json").read_text(encoding="utf-8"))
        assert verdict["scenarios"][0]["aborted"] == ""
        assert kube.items(MILVUS[1], LIMITED, api=MILVUS[0]) == []
        assert kube.get("Namespace", LIMITED) is not None
        page = (only_run(tmp_path) / "index.html").read_text(encoding="utf-8")
        assert "port-forward through the API server" in page
    finally:
        kube.delete("Namespace", LIMITED)


def limited(kubeconfig: Path, folder: Path) -> Path:
    """Write a kubeconfig with the service account's token instead of the administrator's key."""
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "-n", LIMITED, "create", "token", "milvus-harness"]
    token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    found = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    for user in found["users"]:
        user["user"] = {"token": token}
    file = folder / "limited.kubeconfig"
    file.write_text(yaml.safe_dump(found), encoding="utf-8")
    return file
