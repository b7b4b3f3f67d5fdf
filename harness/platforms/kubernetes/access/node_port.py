"""The way in through a port of every node: one Milvus at a time can have it."""

from __future__ import annotations

from harness.errors import BadInput, ClusterError
from harness.platforms.kubernetes.access.api import Kube, Object
from harness.platforms.kubernetes.deploy.inventory import Inventory
from harness.platforms.waiting import until

# The API server gives back a port whose service it lost sight of after three of its repairs, three minutes apart.
_REPAIRED_S = 720.0
_POLL_S = 2.0


def refuse_taken(kube: Kube, port: int) -> None:
    """Refuse a port that leads to another service. Errors: BadInput that names it."""
    for service in kube.items("Service"):
        if any(one.get("nodePort") == port for one in service["spec"].get("ports", [])):
            held = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
            mend = "end that one (harness status), or set way_in: port-forward"
            raise BadInput(f"node port {port} leads to {held} already", where="kind.node_port", mend=mend)


def lead(kube: Kube, service: Object, namespace: str, inventory: Inventory) -> None:
    """Have a node port lead to the proxies. Errors: ClusterError, BadInput where the port is another one's."""
    port = service["spec"]["ports"][0]["nodePort"]
    refused: list[ClusterError] = []

    def leads() -> bool:
        refused.clear()
        try:
            inventory.apply(kube, service, namespace)
        except ClusterError as error:
            refused.append(error)
            refuse_taken(kube, port)
            return "already allocated" not in error.what
        return True

    until(leads, _REPAIRED_S, _POLL_S)
    if refused:
        raise refused[0]
