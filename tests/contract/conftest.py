"""A real cluster for each platform that the contract is held against.

`kind` takes part where HARNESS_TEST_KIND names a file of options for it, e.g. tests/lab/kind.yaml.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from harness.cluster import ClusterSpec
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.kind import kind
from harness.platforms.kubernetes.kind.cluster import KindCluster
from harness.platforms.kubernetes.options import KubernetesOptions, read_options
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.platform import LocalPlatform
from harness.verbs import Platform
from tests.contract.both import Both

KIND_FILE = "HARNESS_TEST_KIND"
# A killed pod of etcd is away for longer than the fast profile's sessions last. What Milvus makes of lost ones is for a
# scenario to find: 2.3.5's data coordinator may shut down for good inside a mixcoord that lives on.
OUTLIVES_ETCD = {"common.session.ttl": "30"}


@pytest.fixture(scope="session", autouse=True)
def clusters_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # A short path: the object store's sockets lie below it.
    home = tmp_path_factory.mktemp("h")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def cluster(clusters_of_their_own: Path) -> Iterator[LocalCluster]:
    made = LocalPlatform().create(ClusterSpec("contract", milvus="2.3.5"), keep=False)
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def kind_options(clusters_of_their_own: Path) -> Iterator[KubernetesOptions]:
    """Options that name a kind cluster with two workers, which all tests share."""
    file = os.environ.get(KIND_FILE)
    if not file:
        pytest.skip(f"set {KIND_FILE} to a file of options, e.g. tests/lab/kind.yaml")
    options = read_options(Path(file))
    if options.kind.existing:
        yield options
        return
    kubeconfig = clusters_of_their_own / "kubeconfig"
    try:
        kind.create("contract", options.kind.model_copy(update={"workers": 2}), kubeconfig)
        existing = options.kind.model_copy(update={"existing": f"{kind.PREFIX}contract"})
        yield options.model_copy(update={"kind": existing})
    finally:
        kind.delete("contract", kubeconfig)


@pytest.fixture(scope="session")
def kind_file(kind_options: KubernetesOptions, clusters_of_their_own: Path) -> Path:
    """The same as a file, for commands."""
    file = clusters_of_their_own / "kind.yaml"
    file.write_text(yaml.safe_dump(json.loads(kind_options.model_dump_json())), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def kubeconfig(kind_options: KubernetesOptions, clusters_of_their_own: Path) -> Path:
    """The administrator's."""
    file = clusters_of_their_own / "admin.kubeconfig"
    kind.use(kind_options.kind, file)
    return file


@pytest.fixture
def kube(kubeconfig: Path, tmp_path: Path) -> Iterator[Kube]:
    """Its API server."""
    with closing(Kube(kubeconfig, None, tmp_path / "discovery.json")) as made:
        yield made


@pytest.fixture(scope="module")
def kind_cluster(kind_options: KubernetesOptions) -> Iterator[KindCluster]:
    """A Milvus on it."""
    platform = KubernetesPlatform(kind_options, on_kind=True)
    try:
        made = platform.create(ClusterSpec("nodes", milvus="2.3.5", profile="default"), keep=False)
        assert isinstance(made, KindCluster)
        yield made
        made.destroy()
    finally:
        platform.close()


@pytest.fixture(scope="module", params=["local", "kind"])
def either(request: pytest.FixtureRequest) -> Iterator[Both]:
    """A cluster of one platform after the other, seen through the protocols alone."""
    platform: Platform = LocalPlatform()
    if request.param == "kind":
        platform = KubernetesPlatform(request.getfixturevalue("kind_options"), on_kind=True)
    try:
        made = platform.create(ClusterSpec("either", milvus="2.3.5", settings=OUTLIVES_ETCD), keep=False)
        assert isinstance(made, Both)
        yield made
        made.destroy()
    finally:
        platform.close()
