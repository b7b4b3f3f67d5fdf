"""Makes Milvus clusters on Kubernetes, on a kind cluster of its own or where a kubeconfig leads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from harness.cluster import ClusterSpec, Durations
from harness.errors import BadInput, HarnessError
from harness.faults.journal import Journal, Undo, Verb
from harness.platforms import home, settings
from harness.platforms.kubernetes import existing, hosts, install, intent, kind, node_port, resource, serves
from harness.platforms.kubernetes.api import Kube
from harness.platforms.kubernetes.chart import ChartCluster
from harness.platforms.kubernetes.cluster import KubernetesCluster
from harness.platforms.kubernetes.hosts import Host
from harness.platforms.kubernetes.kind_cluster import KindCluster
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.place import OWNER, Place, read_place
from harness.platforms.process import Process, owner_mark
from harness.platforms.state import ClusterState, Folder, clusters_home
from harness.verbs import Breakable, Changeable, Contained, Isolable, NodePower, OnNodes, Scalable

AnyCluster = KubernetesCluster | ChartCluster
# A Deployment's name, a hash and a pod's suffix must fit behind it into the 63 characters of a label.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")


class KubernetesPlatform:
    """The platforms `kind` and `kubernetes`. On kind, the clusters of one process share one kind cluster."""

    def __init__(self, options: KubernetesOptions, *, on_kind: bool) -> None:
        self._options, self._on_kind = options, on_kind
        self._host: Host | None = None

    # Seen on kind with three nodes: images are there, and the operator's own waits are most of it.
    durations = Durations(
        provision_s=90.0, restart_s=20.0, queue_restart_s=30.0, scale_s=40.0, roll_s=300.0, remove_s=10.0, stop_s=40.0
    )

    @property
    def verbs(self) -> tuple[type, ...]:
        """The protocols that its clusters follow. What was there is not changed: it is left as it was found."""
        always = (Breakable, Contained, OnNodes)
        if self._options.milvus.existing:
            return (*always, Scalable)
        return (*always, Changeable, *((NodePower, Isolable) if self._on_kind else ()))

    @property
    def name(self) -> str:
        """What reports call it."""
        return "kind" if self._on_kind else "kubernetes"

    def check(self, spec: ClusterSpec) -> None:
        """Refuse what could not be made, before anything is. Errors: BadInput, ClusterError."""
        if not _NAME.fullmatch(spec.name):
            raise BadInput(
                f"{spec.name!r} can't be a cluster's name",
                where="name",
                mend="begin with a letter, take a-z, 0-9 and -, at most 30",
            )
        if Path(spec.milvus).is_dir():
            raise BadInput(
                f"{spec.milvus} is a folder", where="--milvus", mend="name a version or an image for Kubernetes"
            )
        settings.profile_settings(spec.profile)
        settings.typed(spec.settings)
        if self._on_kind and not self._host:
            kind.check(self._options.kind)
            hosts.refuse_taken(spec.name, self._options.kind)
        if self._options.way_in == "address" and not self._options.address:
            raise BadInput("no address was given", where="address", mend="name host:port, or take another way_in")
        if self._options.milvus.existing and not self._options.namespace:
            raise BadInput("no namespace was named", where="--namespace", mend="name the one that holds the Milvus")
        if not self._on_kind and not self._options.context:
            raise BadInput("no context was named", where="--context", mend="name one of kubectl config get-contexts")

    def settings(self, spec: ClusterSpec) -> dict[str, str]:
        """Return the settings by which a cluster would differ from the release's own."""
        own = {**self._options.milvus.config, **settings.profile_settings(spec.profile)}
        return {**{key: str(value) for key, value in own.items()}, **spec.settings}

    def intent(self, spec: ClusterSpec) -> Iterator[str]:
        """Say what would be done. Errors: BadInput, ClusterError."""
        told = intent.on_kind if self._on_kind else intent.on_kubernetes
        return told(spec, self._options)

    def create(self, spec: ClusterSpec, *, keep: bool) -> AnyCluster:
        """Make a cluster and return once a search works; a failure leaves nothing. Errors: BadInput, ClusterError."""
        self.check(spec)
        place = self._place(spec)
        if self._options.milvus.existing:
            place = existing.found(place, spec)
        folder = Folder(clusters_home() / spec.name)
        owner = Process.of(os.getpid())
        home.claim(folder, ClusterState(spec, owner, 0, spec.settings, self.name, place.written()))
        cluster = open_cluster(folder)
        try:
            probe = (Undo(Verb.DROP, serves.COLLECTION),) if cluster.shared else ()
            with Journal(cluster.journal).step("create the cluster", probe):
                self._bring_up(spec, cluster)
        except BaseException:
            with suppress(HarnessError):  # what can't be removed now is left to heal; why it failed comes first
                cluster.destroy()
            raise
        if keep:
            self.keep(spec.name)
        return cluster

    def keep(self, name: str) -> None:
        """Let a cluster outlive this process, and the kind cluster under it."""
        home.keep(name)
        if self._host:
            self._host = self._host.keep()

    def limits(self, profile: str) -> str:
        """Return the name of the shipped file of limits: pods take longer to come back than processes."""
        return f"kubernetes-{profile}"

    def close(self) -> None:
        """Remove the kind cluster, unless something on it was kept."""
        if self._host and self._host.owner:
            self._host.remove()
        self._host = None

    def _place(self, spec: ClusterSpec) -> Place:
        options = self._options
        place = Place(options, options.namespace or spec.name, not options.namespace, owner_mark())
        if self._on_kind:
            host = self._host = self._host or hosts.make(spec.name, options.kind)
            place = replace(place, kind=host.name, port=host.port)
        if options.way_in == "address":
            name, _, port = options.address.rpartition(":")
            return replace(place, host=name, port=int(port))
        return replace(place, port=0) if options.way_in == "port-forward" else place

    def _bring_up(self, spec: ClusterSpec, cluster: AnyCluster) -> None:
        if not cluster.shared:
            self._apply(spec, cluster)
        cluster.wait_ready(self._options.milvus.ready_s)
        serves.wait_serves(cluster.endpoint(), self._options.milvus.ready_s)

    def _apply(self, spec: ClusterSpec, cluster: AnyCluster) -> None:
        place, options = cluster.place, self._options
        kube = place.kube(cluster.folder.path)
        with closing(kube):
            self._prepare(kube, place)
            _refuse_what_is_there(kube, place, spec.name)
            by_node_port = bool(place.port) and options.way_in == "node-port"
            if by_node_port:
                node_port.refuse_taken(kube, options.kind.node_port)
            if place.made_namespace:
                install.namespace(kube, place.namespace, {OWNER: place.mark})
            # A path on a node outlives its namespace: the next cluster of the same name must not find its data.
            names = {"NAMESPACE": place.namespace, "CLUSTER": spec.name, "UNIQUE": uuid4().hex[:8]}
            install.manifests(kube, options.dependencies.manifests, place.namespace, names)
            kube.apply(install.marked(resource.milvus_resource(spec, options, place.namespace), place.mark))
            if by_node_port:
                node_port.lead(kube, spec.name, place.namespace, options.kind.node_port)

    def _prepare(self, kube: Kube, place: Place) -> None:
        """Have the operator there. On a kind cluster of its own that is done once."""
        if place.kind and install.has_definition(kube):
            return
        install.operator(kube, self._options, place.kubeconfig)


def _refuse_what_is_there(kube: Kube, place: Place, name: str) -> None:
    """Take over nobody's namespace and nobody's Milvus. Errors: BadInput."""
    if place.made_namespace and kube.get("Namespace", place.namespace):
        mend = "name it with --namespace to use it, or take another name"
        raise BadInput("the namespace is there already", where=place.namespace, mend=mend)
    if not place.made_namespace and kube.milvus(name, place.namespace):
        raise BadInput(f"there is a Milvus {name!r} already", where=place.namespace, mend="take another name")


def open_cluster(folder: Folder) -> AnyCluster:
    """Return a cluster that exists. Errors: BadInput."""
    place = read_place(dict(folder.read().place))
    if place.is_chart:
        return ChartCluster(folder, place)
    return KindCluster(folder, place) if place.kind else KubernetesCluster(folder, place)
