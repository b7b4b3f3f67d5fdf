"""A pod as the harness sees it: its role, whether it serves, and what tells one start of it from the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
    ip: str = ""
    port: int = 0
    begun: str = ""

    @property
    def uptime_s(self) -> float:
        """For how long its container has run, by the node's clock; 0 where it does not."""
        if not self.begun:
            return 0.0
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(self.begun)).total_seconds())


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
        ip=status.get("podIP", ""),
        port=(spec["containers"][0].get("ports") or [{}])[0].get("containerPort", 0),
        begun=first.get("state", {}).get("running", {}).get("startedAt", ""),
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
    # A node that is gone leaves its containers' last word as it was; the pod's own condition is taken back.
    conditions = {one["type"]: one["status"] for one in found.get("status", {}).get("conditions", [])}
    ready = container.get("ready") and conditions.get("Ready", "True") == "True"
    return Health.READY if ready else Health.STARTING
