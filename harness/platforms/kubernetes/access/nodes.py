"""Nodes of a Kubernetes cluster: kept from new pods, emptied, and given back."""

from __future__ import annotations

from harness.errors import BadInput
from harness.platforms.kubernetes.access.api import Kube

CORDONED_BY = "milvus-harness/cordoned-by"


def cordon(kube: Kube, node: str, mark: str) -> None:
    """Keep new pods from a node, and say on it who did. Errors: BadInput for one that somebody closed already."""
    found = kube.get("Node", node)
    if found is None:
        there = ", ".join(one["metadata"]["name"] for one in kube.items("Node"))
        raise BadInput(f"there is no node {node!r}", where="nodes", mend=f"take one of {there}")
    if found["spec"].get("unschedulable"):
        raise BadInput(f"node {node} is cordoned already", where="nodes", mend="uncordon it, or take another")
    kube.patch("Node", node, None, {"metadata": {"annotations": {CORDONED_BY: mark}}, "spec": {"unschedulable": True}})


def uncordon(kube: Kube, node: str, mark: str) -> None:
    """Let new pods onto a node again that was closed with this mark; another's wish stays."""
    found = kube.get("Node", node) or {"metadata": {}}
    if found["metadata"].get("annotations", {}).get(CORDONED_BY) == mark:
        opened = {"metadata": {"annotations": {CORDONED_BY: None}}, "spec": {"unschedulable": None}}
        kube.patch("Node", node, None, opened)


def is_cordoned(kube: Kube, node: str) -> bool:
    """Whether a node takes no new pods."""
    return bool((kube.get("Node", node) or {"spec": {}})["spec"].get("unschedulable"))
