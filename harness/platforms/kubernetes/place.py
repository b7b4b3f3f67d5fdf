"""Where a Milvus lies: context, namespace, way in. All that is needed to find it again, by any later command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.cluster import Role
from harness.errors import BadInput, ClusterError
from harness.platforms import home
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.kind import hosts
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.token import read_token

OWNER = "milvus-harness/made-by"


@dataclass(frozen=True)
class Place:
    """`mark` labels what the harness made: nothing else is ever removed.

    `kind` is the kind cluster it lies on, if any; `made_namespace` whether the harness made the namespace. Without a
    `port` the way in is a port-forward. `milvus` names a Milvus that was there, `is_chart` whether its Helm chart
    deployed it, `counts` how many members each of its roles had.
    """

    options: KubernetesOptions
    namespace: str
    made_namespace: bool
    mark: str
    kind: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    milvus: str = ""
    is_chart: bool = False
    counts: Mapping[Role, int] = field(default_factory=dict)

    @property
    def way(self) -> str:
        """How the address leads to Milvus, as reports say it."""
        if self.options.way_in == "address":
            return f"the address {self.host}:{self.port}"
        return f"port {self.port} of this machine, mapped to node port {self.options.kind.node_port}"

    @property
    def token(self) -> str:
        """What Milvus asks of clients; read anew, so that it is written down nowhere. Errors: BadInput."""
        return read_token(self.options.token_file, where="token_file")

    def reach(self, milvus: str) -> str:
        """Return the command by which others reach it, where there is no address that lasts."""
        context = f"--context {self.options.context} " if self.options.context else ""
        return f"kubectl {context}--namespace {self.namespace} port-forward service/{milvus}-milvus 19530"

    @property
    def kind_name(self) -> str:
        """The kind cluster's own name. Errors: ClusterError where it is gone."""
        return self._host.kind_name

    def kube(self, folder: Path) -> Kube:
        """Return the API server; what it is asked once about its kinds is kept in a folder. Errors: BadInput."""
        return Kube(self.kubeconfig, self.options.context or None, folder / "discovery.json")

    def outlives(self, name: str) -> bool:
        """Whether what a Milvus lies on is there, and will be once it is gone: else nothing need be removed of it.

        Errors: ClusterError where kind can't be asked.
        """
        if not self.kind:
            return True
        host = hosts.find(self.kind)
        return host is not None and host.is_there and not (host.made and self._ends_with(host, name))

    def written(self) -> dict[str, str]:
        """Return it as a cluster's state keeps it."""
        return {
            "options": self.options.model_dump_json(),
            "namespace": self.namespace,
            "made_namespace": "yes" if self.made_namespace else "",
            "mark": self.mark,
            "kind": self.kind,
            "host": self.host,
            "port": str(self.port),
            "milvus": self.milvus,
            "is_chart": "yes" if self.is_chart else "",
            "counts": json.dumps(dict(self.counts)),
        }

    def let_go(self, name: str) -> None:
        """Remove the kind cluster under a Milvus that is gone, where it was kept for that one alone."""
        host = hosts.find(self.kind) if self.kind else None
        if host and self._ends_with(host, name):
            host.remove()

    def _ends_with(self, host: hosts.Host, name: str) -> bool:
        return host.owner is None and not self._shared_with(name)

    def _shared_with(self, name: str) -> bool:
        for folder in home.folders():
            with suppress(BadInput):
                if folder.name != name and folder.read().place.get("kind") == self.kind:
                    return True
        return False

    @property
    def kubeconfig(self) -> Path | None:
        """The kubeconfig that leads there; None for the usual places. Errors: ClusterError where kind's is gone."""
        if self.kind:
            return self._host.kubeconfig
        return Path(self.options.kubeconfig) if self.options.kubeconfig else None

    @property
    def _host(self) -> hosts.Host:
        if host := hosts.find(self.kind):
            return host
        raise ClusterError("its kind cluster is gone", where=self.kind, mend="harness heal")


def read_place(written: dict[str, str]) -> Place:
    """Read what `written` wrote."""
    return Place(
        KubernetesOptions.model_validate_json(written["options"]),
        written["namespace"],
        bool(written["made_namespace"]),
        written["mark"],
        written["kind"],
        written["host"],
        int(written["port"]),
        written["milvus"],
        bool(written["is_chart"]),
        {Role(role): count for role, count in json.loads(written["counts"]).items()},
    )
