"""What would be done, in words, before any of it is: for those who point the harness at somebody's cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from harness.cluster import ClusterSpec
from harness.errors import ClusterError
from harness.platforms.kubernetes.deploy import install, resource, user_owned
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.place import Place


def on_kind(spec: ClusterSpec, options: KubernetesOptions) -> Iterator[str]:
    """Yield the steps on a kind cluster; it is not there yet, so nobody is asked."""
    if options.kind.existing:
        yield f"use the kind cluster {options.kind.existing}, and leave it"
    else:
        image = options.kind.node_image or "kind's own node image"
        yield f"make the kind cluster harness-{spec.name} of {image}, with {options.kind.workers} workers"
    yield from _of_operator(options)
    yield from _of_milvus(spec, options, options.namespace or spec.name)


def on_kubernetes(spec: ClusterSpec, options: KubernetesOptions) -> Iterator[str]:
    """Yield the steps where a kubeconfig leads, and what the API server says to the resource.

    Errors: ClusterError, BadInput where it can't be asked.
    """
    namespace = options.namespace or spec.name
    yield f"use the context {options.context}"
    if options.milvus.existing:
        yield f"use the Milvus {options.milvus.existing} in namespace {namespace}, and leave it as it was found"
        return
    place = Place(options, namespace, not options.namespace, "")
    user_owned.refuse(place, spec.name)
    with tempfile.TemporaryDirectory() as cache, closing(place.kube(Path(cache))) as kube:
        there = install.has_definition(kube)
        if not there:
            yield from _of_operator(options)
        yield from _of_milvus(spec, options, namespace)
        if not there or place.made_namespace:
            yield "(the resource was not checked: its definition or its namespace is not there yet)"
            return
        try:
            kube.apply(resource.milvus_resource(spec, options, namespace), dry_run=True)
        except ClusterError as error:
            yield f"(the API server would refuse it: {error})"
        else:
            yield "(the API server would take it: checked by a dry run)"


def _of_operator(options: KubernetesOptions) -> Iterator[str]:
    wanted = options.operator
    if wanted.install == "helm":
        version = f" {wanted.version}" if wanted.repository else ""
        yield f"install the chart {wanted.chart}{version} in {wanted.namespace}; it stays"
    elif wanted.install == "manifest":
        yield f"apply {', '.join(wanted.manifests)} in {wanted.namespace}; it stays"


def _of_milvus(spec: ClusterSpec, options: KubernetesOptions, namespace: str) -> Iterator[str]:
    used = "use" if options.namespace else "make"
    yield f"{used} the namespace {namespace}"
    for path in options.dependencies.manifests:
        yield f"apply {path}"
    yield f"create the Milvus {spec.name} of {resource.image(spec.milvus, options)}, settings {spec.profile}"
    yield f"wait until a search works, for {options.milvus.ready_s} s at most"
    yield f"harness down {spec.name} removes it" + ("" if options.namespace else " and the namespace")
