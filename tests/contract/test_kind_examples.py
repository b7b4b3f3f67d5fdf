"""A real API server takes every example, and nothing that the definition does not know; nothing is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec
from harness.errors import ClusterError
from harness.platforms.kubernetes.api import MILVUS, Kube, Object
from harness.platforms.kubernetes.cluster import KubernetesCluster
from harness.platforms.kubernetes.options import examples, read_options
from harness.platforms.kubernetes.resource import milvus_resource

NAME = "example"


@pytest.fixture
def kube(kind_cluster: KubernetesCluster, tmp_path: Path) -> Iterator[Kube]:
    with closing(kind_cluster.place.kube(tmp_path)) as made:
        yield made


def resource(example: str, milvus: str, cluster: KubernetesCluster) -> Object:
    return milvus_resource(ClusterSpec(NAME, milvus), read_options(Path(example)), cluster.place.namespace)


@pytest.mark.parametrize("milvus", ["2.3.5", "2.6.4"])
@pytest.mark.parametrize("example", examples())
def test_every_example_is_taken(example: str, milvus: str, kube: Kube, kind_cluster: KubernetesCluster) -> None:
    body = resource(example, milvus, kind_cluster)
    taken = kube.apply(body, dry_run=True)
    assert taken["spec"]["components"].keys() >= body["spec"]["components"].keys()
    assert kube.get(MILVUS[1], NAME, kind_cluster.place.namespace, MILVUS[0]) is None


@pytest.mark.parametrize("unknown", ["monitoring", "backup"])
def test_what_would_be_dropped_is_refused(unknown: str, kube: Kube, kind_cluster: KubernetesCluster) -> None:
    body = resource("basic", "2.3.5", kind_cluster)
    body["spec"][unknown] = {"enabled": True}
    with pytest.raises(ClusterError, match=unknown):
        kube.apply(body, dry_run=True)
