"""Taking a Milvus away: its resource first, as long as there is an operator to let it go."""

from __future__ import annotations

from harness.errors import ClusterError
from harness.platforms.kubernetes import install
from harness.platforms.kubernetes.api import MILVUS, Kube
from harness.platforms.kubernetes.place import Place
from harness.platforms.kubernetes.pods import INSTANCE
from harness.platforms.state import Folder
from harness.platforms.trash import remove_folder
from harness.platforms.waiting import until

_POLL_S = 0.5
# The operator looks every 5 to 60 s.
_FINALIZED_S = 75.0
_GONE_S = 120.0


def milvus(kube: Kube, name: str, place: Place) -> None:
    """Remove the resource, its pods, and the namespace where the harness made it. Errors: ClusterError."""
    there = install.has_definition(kube) and kube.delete(MILVUS[1], name, place.namespace, api=MILVUS[0])
    if there and not until(lambda: _is_gone(kube, name, place.namespace), _FINALIZED_S, _POLL_S):
        # Nobody is left to remove it: with its finalizer it would hang for ever.
        kube.patch(MILVUS[1], name, place.namespace, {"metadata": {"finalizers": []}}, MILVUS[0])
    pods = kube.items("Pod", place.namespace, selector=f"{INSTANCE}={name}")
    if place.made_namespace:
        pods = kube.items("Pod", place.namespace)
        kube.delete("Namespace", place.namespace)
    for pod in pods:
        # Their own grace is 30 days.
        kube.delete("Pod", pod["metadata"]["name"], place.namespace, grace_s=0)
    if place.made_namespace and not until(lambda: kube.get("Namespace", place.namespace) is None, _GONE_S, _POLL_S):
        raise ClusterError("it is still there", where=f"namespace {place.namespace}", mend="see kubectl describe")


def folder(of: Folder) -> None:
    """Remove what was written down of it."""
    remove_folder(of.path)


def _is_gone(kube: Kube, name: str, namespace: str) -> bool:
    return kube.get(MILVUS[1], name, namespace, MILVUS[0]) is None
