"""Where a Milvus lies: context, namespace, way in. All that is needed to find it again, by any later command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.platforms import home
from harness.platforms.kubernetes import hosts
from harness.platforms.kubernetes.api import Kube
from harness.platforms.kubernetes.options import KubernetesOptions


@dataclass(frozen=True)
class Place:
    """`kind` is the kind cluster it lies on, if any; `made_namespace` whether the harness made the namespace.

    Without a `port` the way in is a port-forward.
    """

    options: KubernetesOptions
    namespace: str
    made_namespace: bool
    kind: str = ""
    host: str = "127.0.0.1"
    port: int = 0

    def kube(self, folder: Path) -> Kube:
        """Return the API server; what it is asked once about its kinds is kept in a folder. Errors: BadInput."""
        return Kube(self._kubeconfig, self.options.context or None, folder / "discovery.json")

    def written(self) -> dict[str, str]:
        """Return it as a cluster's state keeps it."""
        return {
            "options": self.options.model_dump_json(),
            "namespace": self.namespace,
            "made_namespace": "yes" if self.made_namespace else "",
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
        states = [folder.read() for folder in home.folders() if folder.name != name]
        return any(state.place.get("kind") == self.kind for state in states)

    @property
    def _kubeconfig(self) -> Path | None:
        if self.kind:
            host = hosts.find(self.kind)
            return host.kubeconfig if host else None
        return Path(self.options.kubeconfig) if self.options.kubeconfig else None


def read_place(written: dict[str, str]) -> Place:
    """Read what `written` wrote."""
    return Place(
        KubernetesOptions.model_validate_json(written["options"]),
        written["namespace"],
        bool(written["made_namespace"]),
        written["kind"],
        written["host"],
        int(written["port"]),
    )
