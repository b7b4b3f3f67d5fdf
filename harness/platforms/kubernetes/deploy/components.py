"""The keys of the resource's spec.components: what is not among them the API server would refuse, or drop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.cluster import Role

BY_ROLE: Mapping[Role, str] = {
    Role.PROXY: "proxy",
    Role.COORDINATORS: "mixCoord",
    Role.QUERY_NODE: "queryNode",
    Role.DATA_NODE: "dataNode",
    Role.INDEX_NODE: "indexNode",
    Role.STREAMING_NODE: "streamingNode",
}
_EVERYWHERE = frozenset(
    (
        *("affinity", "commands", "dnsPolicy", "env", "hostNetwork", "imagePullPolicy", "imagePullSecrets"),
        *("nodeSelector", "paused", "podAnnotations", "podLabels", "priorityClassName", "probes", "resources"),
        *("runWithSubProcess", "schedulerName", "securityContext", "serviceAccountName", "tolerations"),
        *("topologySpreadConstraints", "version", "volumeMounts", "volumes"),
    )
)
GLOBAL = _EVERYWHERE | {
    *("disableMetric", "dummyImage", "enableManualMode", "enableRollingUpdate", "imageUpdateMode", "metricInterval"),
    *("metricLabels", "rollingMode", "runAsNonRoot", "targetPortType", "toolImage", "updateConfigMapOnly"),
    "updateToolImage",
}
_OF_ANY = _EVERYWHERE | {"initContainers", "sidecars"}
_OF_PROXY = _OF_ANY | {
    *("ingress", "port", "serviceAnnotations", "serviceLabels", "serviceRestfulPort", "serviceType"),
}
# Coordinators in pods of their own, in place of one with all of them: the operator's, until 2.5.
SEPARATE = ("rootCoord", "dataCoord", "queryCoord", "indexCoord")
OF_ONE: Mapping[str, frozenset[str]] = {
    key: _OF_PROXY if key == "proxy" else _OF_ANY for key in (*BY_ROLE.values(), *SEPARATE)
}
_ELSEWHERE = {
    "image": "the operator compares every pod with one image for all: set milvus.image or --milvus",
    "replicas": "set milvus.replicas, by role",
}


def check_components(components: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return spec.components as they are. Errors: ValueError for a key that has no place there."""
    _known(components, GLOBAL | OF_ONE.keys(), "")
    for key, known in OF_ONE.items():
        own = components.get(key, {})
        if not isinstance(own, Mapping):
            raise ValueError(f"{key} is no mapping")  # noqa: TRY004 - pydantic tells of no other
        _known(own, known, f"{key}.")
    return components


def check_replicas(replicas: Mapping[Role, int]) -> Mapping[Role, int]:
    """Return the numbers as they are. Errors: ValueError for a role that is no component."""
    for role in replicas:
        if role not in BY_ROLE:
            raise ValueError(f"{role} is no part of Milvus; take {', '.join(BY_ROLE)}")
    return replicas


def _known(given: Mapping[str, Any], known: frozenset[str], prefix: str) -> None:
    for key in given:
        if key in _ELSEWHERE:
            raise ValueError(f"{prefix}{key} is not set here: {_ELSEWHERE[key]}")
        if key not in known:
            raise ValueError(f"there is no {prefix}{key}; known are {', '.join(sorted(known))}")
