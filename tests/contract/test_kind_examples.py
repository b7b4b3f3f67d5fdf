"""A real API server takes every example, and nothing that the definition does not know; nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cluster import ClusterSpec
from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import Kube, Object
from harness.platforms.kubernetes.deploy import install
from harness.platforms.kubernetes.deploy.resource import milvus_resource
from harness.platforms.kubernetes.options import KubernetesOptions, examples, read_options

NAME = "example"
NAMESPACE = "default"


@pytest.fixture(autouse=True)
def definition(kube: Kube, kind_options: KubernetesOptions, kubeconfig: Path) -> None:
    """The operator's definition is there."""
    if not install.has_definition(kube):
        install.operator(kube, kind_options, kubeconfig)


def resource(example: str, milvus: str) -> Object:
    return milvus_resource(ClusterSpec(NAME, milvus), read_options(Path(example)), NAMESPACE)


@pytest.mark.parametrize("milvus", ["2.3.5", "2.6.4"])
@pytest.mark.parametrize("example", examples())
def test_every_example_is_taken(example: str, milvus: str, kube: Kube) -> None:
    body = resource(example, milvus)
    taken = kube.apply(body, dry_run=True)
    assert taken["spec"]["components"].keys() >= body["spec"]["components"].keys()
    assert kube.milvus(NAME, NAMESPACE) is None


@pytest.mark.parametrize("unknown", ["monitoring", "backup"])
def test_what_would_be_dropped_is_refused(unknown: str, kube: Kube) -> None:
    body = resource("basic", "2.3.5")
    body["spec"][unknown] = {"enabled": True}
    with pytest.raises(ClusterError, match=unknown):
        kube.apply(body, dry_run=True)
