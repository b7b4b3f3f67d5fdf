"""Makes Milvus clusters on Kubernetes, on a kind cluster of its own or where a kubeconfig leads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from uuid import uuid4

from harness.cluster import ClusterSpec, Durations, Role
from harness.errors import BadInput, HarnessError, Unsupported
from harness.journal import Journal, Undo
from harness.platforms import home, settings
from harness.platforms.kubernetes.access import node_port
from harness.platforms.kubernetes.access.programs import require
from harness.platforms.kubernetes.deploy import install, intent, resource, user_owned
from harness.platforms.kubernetes.deploy.inventory import Inventory, marked
from harness.platforms.kubernetes.kind import hosts, kind
from harness.platforms.kubernetes.kind.cluster import KindCluster
from harness.platforms.kubernetes.kind.hosts import Host
from harness.platforms.kubernetes.milvus import probe
from harness.platforms.kubernetes.milvus.chart import ChartCluster
from harness.platforms.kubernetes.milvus.operated import KubernetesCluster
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
        self._is_chart = False  # known of a Milvus that is there once it was looked at

    notice = ""
    # Seen on kind with three nodes: images are there, and the operator's own waits are most of it.
    durations = Durations(
        provision_s=90.0, restart_s=20.0, queue_restart_s=30.0, scale_s=40.0, roll_s=300.0, remove_s=10.0, stop_s=40.0
    )

    @property
    def verbs(self) -> tuple[type, ...]:
        """The protocols that its clusters follow. What was there is not changed: it is left as it was found."""
        kind_options = self._options.kind
        several = not self._on_kind or bool(kind_options.workers or kind_options.existing)
        always = (Breakable, Contained, *((OnNodes,) if several else ()))
        if self._options.milvus.existing:
            return (*always, *(() if self._is_chart else (Scalable,)))
        of_kind = (Isolable, *((NodePower,) if several else ())) if self._on_kind else ()
        return (*always, Changeable, *of_kind)

    @property
    def dependencies(self) -> Collection[Role]:
        """Those whose pods the options tell apart."""
        return self._options.dependencies.selectors.keys()

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
            if self._options.operator.install == "helm" and not self._options.kind.existing:
                require("helm")
        if self._options.way_in == "address" and not self._options.address:
            raise BadInput("no address was given", where="address", mend="name host:port, or take another way_in")
        if self._options.milvus.existing and not self._options.namespace:
            raise BadInput("no namespace was named", where="--namespace", mend="name the one that holds the Milvus")
        if not self._on_kind and not self._options.context:
            raise BadInput("no context was named", where="--context", mend="name one of kubectl config get-contexts")
        if self._options.milvus.existing:
            self._check_existing(spec)

    def _check_existing(self, spec: ClusterSpec) -> None:
        if spec.settings:
            what = f"{', '.join(spec.settings)} can't be set: it would not be left as it was found"
            raise Unsupported(what, where="milvus.existing", mend="have the harness make a cluster")
        if not self._on_kind:
            self._is_chart = user_owned.found(self._place(spec), spec).is_chart

    def settings(self, spec: ClusterSpec) -> dict[str, str]:
        """Return the settings by which a cluster would differ from the release's own; none are known of one there."""
        if self._options.milvus.existing:
            return {}
        own = {**self._options.milvus.config, **settings.profile_settings(spec.profile)}
        return {**{key: str(value) for key, value in own.items()}, **spec.settings}

    def intent(self, spec: ClusterSpec) -> Iterator[str]:
        """Say what would be done. Errors: BadInput, ClusterError."""
        told = intent.on_kind if self._on_kind else intent.on_kubernetes
        return told(spec, self._options)

    def create(self, spec: ClusterSpec, *, keep: bool) -> AnyCluster:
        """Make a cluster and return once a search works; a failure leaves nothing. Errors: BadInput, ClusterError."""
        self.check(spec)
        folder = Folder(clusters_home() / spec.name)
        home.refuse_taken(folder)
        place = self._place(spec)
        if self._options.milvus.existing:
            place = user_owned.found(place, spec)
        else:
            user_owned.refuse(place, spec.name)
        owner = Process.of(os.getpid())
        home.claim(folder, ClusterState(spec, owner, 0, spec.settings, self.name, place.written()))
        cluster = open_cluster(folder)
        try:
            left = (Undo("drop", (probe.COLLECTION,)),) if cluster.shared else ()
            with Journal(cluster.journal).step("create the cluster", left):
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
            by_node_port = options.way_in == "node-port" and not options.milvus.existing
            host = self._host = self._host or hosts.make(spec.name, options.kind, needs_port=by_node_port)
            place = replace(place, kind=host.name, port=host.port if by_node_port else 0)
        if options.way_in == "address":
            name, _, port = options.address.rpartition(":")
            return replace(place, host=name, port=int(port))
        return place

    def _bring_up(self, spec: ClusterSpec, cluster: AnyCluster) -> None:
        begin_s = None if cluster.shared else self._apply(spec, cluster)
        cluster.wait_ready(self._options.milvus.ready_s)
        probe.wait_serves(cluster.endpoint(), self._options.milvus.ready_s)
        if begin_s is not None:
            cluster.started_s = monotonic() - begin_s

    def _apply(self, spec: ClusterSpec, cluster: AnyCluster) -> float:
        """Apply all that makes the cluster; return the monotonic time at which Milvus's own resource was created."""
        place, options = cluster.place, self._options
        kube = place.kube(cluster.folder.path)
        with closing(kube):
            install.operator(kube, options, place.kubeconfig, tag=cluster.folder.path)
            by_node_port = bool(place.port) and options.way_in == "node-port"
            if by_node_port:
                node_port.refuse_taken(kube, options.kind.node_port)
            if place.made_namespace:
                install.namespace(kube, place.namespace, {OWNER: place.mark})
            # A path on a node outlives its namespace: the next cluster of the same name must not find its data.
            names = {"NAMESPACE": place.namespace, "CLUSTER": spec.name, "UNIQUE": uuid4().hex[:8]}
            inventory = Inventory(cluster.folder.path, place.mark)
            for one in install.objects(options.dependencies.manifests, names):
                inventory.apply(kube, one, place.namespace)
            begin_s = monotonic()
            kube.create(marked(resource.milvus_resource(spec, options, place.namespace), place.mark))
            if by_node_port:
                service = resource.node_port(spec.name, place.namespace, options.kind.node_port)
                node_port.lead(kube, service, place.namespace, inventory)
        return begin_s


def open_cluster(folder: Folder) -> AnyCluster:
    """Return a cluster that exists. Errors: BadInput."""
    place = read_place(dict(folder.read().place))
    if place.is_chart:
        return ChartCluster(folder, place)
    return KindCluster(folder, place) if place.kind else KubernetesCluster(folder, place)
