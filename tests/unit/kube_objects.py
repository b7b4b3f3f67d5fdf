"""Pods and resources as an API server has them, for tests."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def pod(
    name: str = "dev-milvus-querynode-0-a",
    component: str = "querynode",
    *,
    uid: str = "u1",
    state: Object | None = None,
    ready: bool = True,
    restarts: int = 0,
    created: str = "2025-01-01T00:00:00Z",
    conditions: list[Object] | None = None,
    **metadata: Any,
) -> Object:
    labels = {"app.kubernetes.io/instance": "dev", "app.kubernetes.io/component": component}
    status = {"name": component, "ready": ready, "restartCount": restarts, "image": "milvus:v1"}
    status["state"] = state or {"running": {}}
    return {
        "metadata": {"name": name, "uid": uid, "labels": labels, "creationTimestamp": created, **metadata},
        "spec": {"containers": [{"name": component, "image": "milvus:v1"}], "nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "containerStatuses": [status],
            "conditions": conditions or [{"type": "Ready", "status": str(ready)}],
        },
    }


def resource(generation: int = 1, **conditions: str) -> Object:
    return {
        "metadata": {"name": "dev", "generation": generation},
        "status": {
            "observedGeneration": generation,
            "conditions": [{"type": kind, "status": status} for kind, status in conditions.items()],
        },
    }
