"""Other ways to the same cluster: the operator from its manifests, images copied to the nodes, no node port."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cluster import ClusterSpec
from harness.platforms.kubernetes.milvus import probe
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.platform import KubernetesPlatform
from tests.contract.test_kind_trouble import as_new

# Small, and on a machine that has kind's own clusters in any case.
IMAGE = "lab/base:1"


@pytest.fixture
def by_manifest(kind_options: KubernetesOptions) -> KubernetesOptions:
    """Options by which nothing comes from a chart."""
    chart = Path(kind_options.operator.chart)
    files = (chart / "crd.yaml", chart.parent / "operator.yaml")
    if not all(file.exists() for file in files):
        pytest.skip("the operator's manifests do not lie beside its chart")
    operator = kind_options.operator.model_copy(
        update={"install": "manifest", "manifests": tuple(map(str, files)), "chart": "none"}
    )
    made = as_new(kind_options, load_images=(IMAGE,))
    return made.model_copy(update={"operator": operator, "way_in": "port-forward"})


def test_an_operator_from_manifests_makes_a_milvus_that_serves(by_manifest: KubernetesOptions) -> None:
    platform = KubernetesPlatform(by_manifest, on_kind=True)
    try:
        cluster = platform.create(ClusterSpec("manifest"), keep=False)
        assert "port-forward" in cluster.endpoint().way
        probe.wait_serves(cluster.endpoint(), 30)
        cluster.destroy()
    finally:
        platform.close()
