"""Where a Milvus lies: context, namespace, way in. All that is needed to find it again, by any later command."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInput, ClusterError
from harness.platforms import home
from harness.platforms.kubernetes import hosts
from harness.platforms.kubernetes.api import Kube
from harness.platforms.kubernetes.options import KubernetesOptions

OWNER = "milvus-harness/made-by"


@dataclass(frozen=True)
class Place:
    """`mark` labels what the harness made: nothing else is ever removed.

    `kind` is the kind cluster it lies on, if any; `made_namespace` whether the harness made the namespace. Without a
    `port` the way in is a port-forward.
    """

    options: KubernetesOptions
    namespace: str
    made_namespace: bool
    mark: str
    kind: str = ""
    host: str = "127.0.0.1"
    port: int = 0

    def kube(self, folder: Path) -> Kube:
        """Return the API server; what it is asked once about its kinds is kept in a folder. Errors: BadInput."""
        return Kube(self._kubeconfig, self.options.context or None, folder / "discovery.json")

    @property
    def is_there(self) -> bool:
        """Whether the kind cluster that it lay on, if any, is still known."""
        return not self.kind or hosts.find(self.kind) is not None

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
        }

    def let_go(self, name: str) -> None:
        """Remove the kind cluster under a Milvus that is gone, where it was kept for that one alone."""
        host = hosts.find(self.kind) if self.kind else None
        if host and host.owner is None and not self._shared_with(name):
            host.remove()

    def _shared_with(self, name: str) -> bool:
        for folder in home.folders():
            with suppress(BadInput):
                if folder.name != name and folder.read().place.get("kind") == self.kind:
                    return True
        return False

    @property
    def _kubeconfig(self) -> Path | None:
        if self.kind:
            if host := hosts.find(self.kind):
                return host.kubeconfig
            raise ClusterError("its kind cluster is gone", where=self.kind, mend="harness heal")
        return Path(self.options.kubeconfig) if self.options.kubeconfig else None


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
    )
