"""Nodes of a Kubernetes cluster: kept from new pods, emptied, and given back."""

from __future__ import annotations

from harness.errors import BadInput
from harness.platforms.kubernetes.api import Kube


def cordon(kube: Kube, node: str) -> None:
    """Keep new pods from a node. Errors: BadInput for one that is closed already, since that is somebody's wish."""
    found = kube.get("Node", node)
    if found is None:
        there = ", ".join(one["metadata"]["name"] for one in kube.items("Node"))
        raise BadInput(f"there is no node {node!r}", where="nodes", mend=f"take one of {there}")
    if found["spec"].get("unschedulable"):
        raise BadInput(f"node {node} is cordoned already", where="nodes", mend="uncordon it, or take another")
    kube.patch("Node", node, None, {"spec": {"unschedulable": True}})


def uncordon(kube: Kube, node: str) -> None:
    """Let new pods onto a node again."""
    kube.patch("Node", node, None, {"spec": {"unschedulable": None}})


def is_cordoned(kube: Kube, node: str) -> bool:
    """Whether a node takes no new pods."""
    return bool((kube.get("Node", node) or {"spec": {}})["spec"].get("unschedulable"))
