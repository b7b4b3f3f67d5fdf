"""Taking a Milvus away: its resource first, as long as there is an operator to let it go."""

from __future__ import annotations

from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import MILVUS, Kube
from harness.platforms.kubernetes.deploy import install
from harness.platforms.kubernetes.deploy.inventory import Inventory, is_marked
from harness.platforms.kubernetes.milvus.pods import INSTANCE
from harness.platforms.kubernetes.place import Place
from harness.platforms.waiting import until

_POLL_S = 0.5
# The operator looks every 5 to 60 s.
_FINALIZED_S = 75.0
_GONE_S = 120.0


def milvus(kube: Kube, name: str, place: Place, inventory: Inventory) -> None:
    """Remove the resource, its pods, what was made beside it, and the namespace: only what the harness made.

    Errors: ClusterError.
    """
    found = kube.milvus(name, place.namespace) if install.has_definition(kube) else None
    ours = found is not None and is_marked(found, place.mark)
    if ours:
        kube.delete(MILVUS[1], name, place.namespace, api=MILVUS[0])
        if not until(lambda: _is_gone(kube, name, place.namespace), _FINALIZED_S, _POLL_S):
            # Nobody is left to remove it: with its finalizer it would hang for ever.
            kube.patch(MILVUS[1], name, place.namespace, {"metadata": {"finalizers": []}}, MILVUS[0])
    namespace = kube.get("Namespace", place.namespace) if place.made_namespace else None
    made = namespace is not None and is_marked(namespace, place.mark)
    if made:
        kube.delete("Namespace", place.namespace)
    # Where there is none, what carries its name is left of ours: a removal was broken off.
    if (ours or made or found is None) and not until(
        lambda: _ended(kube, name, place, all_of_it=made), _GONE_S, _POLL_S
    ):
        raise ClusterError("pods are still there", where=f"namespace {place.namespace}", mend="see kubectl describe")
    inventory.remove(kube, but=place.namespace if made else "")


def _ended(kube: Kube, name: str, place: Place, *, all_of_it: bool) -> bool:
    """End the pods there are: their own grace is 30 days, and some are made anew until their owner is gone.

    Nobody else's carry the name: a cluster is refused where some do.
    """
    selector = "" if all_of_it else f"{INSTANCE}={name}"
    pods = kube.items("Pod", place.namespace, selector=selector)
    for pod in pods:
        kube.delete("Pod", pod["metadata"]["name"], place.namespace, grace_s=0)
    owners = kube.items("Deployment", place.namespace, selector=selector, api="apps/v1")
    return not pods and not owners and not (all_of_it and kube.get("Namespace", place.namespace))


def _is_gone(kube: Kube, name: str, namespace: str) -> bool:
    return kube.milvus(name, namespace) is None
