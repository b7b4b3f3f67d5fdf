"""A pod as the harness sees it: its role, whether it serves, and what tells one start of it from the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    own = _own(spec["containers"], metadata.get("labels", {}))
    state: Mapping[str, Any] = next(
        (one for one in status.get("containerStatuses") or [] if one["name"] == own["name"]), {}
    )
    return Pod(
        name=metadata["name"],
        role=role,
        uid=f"{metadata['uid']}-{state.get('restartCount', 0)}",
        health=_health(found, state),
        image=own["image"],
        node=spec.get("nodeName", ""),
        container=own["name"],
        created=metadata["creationTimestamp"],
        leaving="deletionTimestamp" in metadata,
        ip=status.get("podIP", ""),
        port=(own.get("ports") or [{}])[0].get("containerPort", 0),
        begun=state.get("state", {}).get("running", {}).get("startedAt", ""),
    )


def is_over(found: Mapping[str, Any]) -> bool:
    """Whether a pod has ended for good, as one that was evicted: it only waits to be cleared away."""
    return found.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _own(containers: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the member's container: the one named after its component, else the first; others were put beside it."""
    component = _component(labels)
    return next((one for one in containers if one["name"].lower() == component), containers[0])


def role_of(labels: Mapping[str, str], cluster: str, selectors: Mapping[Role, str]) -> Role | None:
    """Return the role of a pod by its labels; None where it is none of this cluster."""
    for role, selector in selectors.items():
        if _matches(labels, selector):
            return role
    if labels.get(INSTANCE) != cluster:
        return None
    return _ROLES.get(_component(labels))


def _component(labels: Mapping[str, str]) -> str:
    """Return what a pod is part of; Milvus's Helm chart uses a label without a prefix."""
    return labels.get(COMPONENT, labels.get("component", "")).lower()


def _matches(labels: Mapping[str, str], selector: str) -> bool:
    pairs = [pair.partition("=") for pair in selector.split(",")]
    return all(labels.get(key.strip()) == value.strip() for key, _, value in pairs)


def _health(found: Mapping[str, Any], container: Mapping[str, Any]) -> Health:
    state = container.get("state", {})
    if "terminated" in state or is_over(found):
        return Health.DEAD
    if "running" not in state:
        return Health.DEAD if container.get("restartCount", 0) else Health.STARTING
    # A node that is gone leaves its containers' last word as it was; the pod's own condition is taken back.
    conditions = {one["type"]: one["status"] for one in found.get("status", {}).get("conditions", [])}
    ready = container.get("ready") and conditions.get("Ready", "True") == "True"
    return Health.READY if ready else Health.STARTING
