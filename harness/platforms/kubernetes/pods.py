"""A pod as the harness sees it: its role, whether it serves, and what tells one start of it from the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.cluster import Health, Role

INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
# The component labels of the operator, and where Milvus's Helm chart spells them differently.
_ROLES: Mapping[str, Role] = {
    "proxy": Role.PROXY,
    "querynode": Role.QUERY_NODE,
    "datanode": Role.DATA_NODE,
    "indexnode": Role.INDEX_NODE,
    "streamingnode": Role.STREAMING_NODE,
    **dict.fromkeys(("mixcoord", "mixcoordinator", "rootcoord", "rootcoordinator"), Role.COORDINATORS),
    **dict.fromkeys(("datacoord", "datacoordinator", "querycoord", "querycoordinator"), Role.COORDINATORS),
    **dict.fromkeys(("indexcoord", "indexcoordinator"), Role.COORDINATORS),
}


@dataclass(frozen=True)
class Pod:
    """One pod. `uid` is another one after every start of its container."""

    name: str
    role: Role
    uid: str
    health: Health
    image: str
    node: str
    container: str
    created: str
    leaving: bool = False


def pod_of(found: Mapping[str, Any], role: Role) -> Pod:
    """Read a pod as the API server has it."""
    metadata, spec, status = found["metadata"], found["spec"], found.get("status", {})
    first = (status.get("containerStatuses") or [{}])[0]
    return Pod(
        name=metadata["name"],
        role=role,
        uid=f"{metadata['uid']}-{first.get('restartCount', 0)}",
        health=_health(found, first),
        image=spec["containers"][0]["image"],
        node=spec.get("nodeName", ""),
        container=spec["containers"][0]["name"],
        created=metadata["creationTimestamp"],
        leaving="deletionTimestamp" in metadata,
    )


def role_of(labels: Mapping[str, str], cluster: str, selectors: Mapping[Role, str]) -> Role | None:
    """Return the role of a pod by its labels; None where it is none of this cluster."""
    for role, selector in selectors.items():
        if _matches(labels, selector):
            return role
    if labels.get(INSTANCE) != cluster:
        return None
    # Milvus's Helm chart uses a label without a prefix.
    return _ROLES.get(labels.get(COMPONENT, labels.get("component", "")).lower())


def _matches(labels: Mapping[str, str], selector: str) -> bool:
    pairs = [pair.partition("=") for pair in selector.split(",")]
    return all(labels.get(key.strip()) == value.strip() for key, _, value in pairs)


def _health(found: Mapping[str, Any], container: Mapping[str, Any]) -> Health:
    state = container.get("state", {})
    if "terminated" in state or found.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return Health.DEAD
    if "running" not in state:
        return Health.DEAD if container.get("restartCount", 0) else Health.STARTING
    return Health.READY if container.get("ready") else Health.STARTING
