"""What was there before: a Milvus that is to be used, found by its name, and what must not be taken over."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from harness.cluster import ClusterSpec, Role
from harness.errors import BadInput
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.deploy import install
from harness.platforms.kubernetes.milvus.pods import INSTANCE, role_of
from harness.platforms.kubernetes.place import Place


def found(place: Place, spec: ClusterSpec) -> Place:
    """Return a place that names the Milvus of the options. Errors: BadInput, ClusterError."""
    name = place.options.milvus.existing
    with tempfile.TemporaryDirectory() as cache, closing(place.kube(Path(cache))) as kube:
        counts = _counts(kube, place.namespace, name)
        if not counts:
            raise BadInput(f"there is no Milvus {name!r}", where=f"namespace {place.namespace}", mend="check its name")
        has_resource = install.has_definition(kube) and kube.milvus(name, place.namespace)
    for role, wanted in spec.topology.counts.items():
        if counts[role] < wanted:
            what = f"{name} has {counts[role]} {role}, {wanted} are needed"
            raise BadInput(what, where="milvus.existing", mend="scale it, or have the harness make a cluster")
    return replace(place, milvus=name, is_chart=not has_resource, counts=dict(counts))


def refuse(place: Place, name: str) -> None:
    """Take over nobody's namespace and nobody's Milvus, the operator's or a chart's. Errors: BadInput, ClusterError."""
    with tempfile.TemporaryDirectory() as cache, closing(place.kube(Path(cache))) as kube:
        if place.made_namespace:
            if kube.get("Namespace", place.namespace):
                mend = "name it with --namespace to use it, or take another name"
                raise BadInput("the namespace is there already", where=place.namespace, mend=mend)
            return
        named = install.has_definition(kube) and kube.milvus(name, place.namespace)
        if named or kube.items("Deployment", place.namespace, selector=f"{INSTANCE}={name}", api="apps/v1"):
            raise BadInput(f"there is a Milvus {name!r} already", where=place.namespace, mend="take another name")


def _counts(kube: Kube, namespace: str, name: str) -> Counter[Role]:
    """Return how many members each role should have, by the deployments with the labels of operator or chart."""
    counts: Counter[Role] = Counter()
    for one in kube.items("Deployment", namespace, selector=f"{INSTANCE}={name}", api="apps/v1"):
        if role := role_of(one["metadata"].get("labels", {}), name, {}):
            counts[role] += one["spec"].get("replicas", 1)
    return counts
