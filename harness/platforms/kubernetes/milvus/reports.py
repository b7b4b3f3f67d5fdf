"""What members say of themselves, asked through the API server: their versions and their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException

import grpc

from harness.cluster import Role
from harness.platforms import admin
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.access.forward import forwarded
from harness.platforms.kubernetes.milvus.pods import Pod

# An HTTP answer cut short is no OSError, and one that is no JSON a ValueError.
_UNANSWERED = (grpc.RpcError, OSError, HTTPException, ValueError)
# Milvus's own ports (milvus.yaml).
_PORTS: Mapping[Role, dict[str, int]] = {
    Role.PROXY: {"main": 19530, "internal": 19529, "metrics": 9091},
    Role.COORDINATORS: {"main": 53100, "query": 19531, "data": 13333, "metrics": 9091},
    Role.QUERY_NODE: {"main": 21123, "metrics": 9091},
    Role.DATA_NODE: {"main": 21124, "metrics": 9091},
    Role.INDEX_NODE: {"main": 21121, "metrics": 9091},
}
# Of a coordinator in a pod of its own, by its container; that for indexes only runs beside the data's from 2.3 on.
_APART = {"rootcoord": ("main",), "querycoord": ("query",), "datacoord": ("data",), "indexcoord": ()}


def versions(kube: Kube, namespace: str, pods: Mapping[str, Pod]) -> dict[str, str]:
    """Return the version that each member reports, empty where it does not answer."""
    return _ask(kube, namespace, pods, lambda pod, ports: admin.version(pod.role, ports))


def settings(kube: Kube, namespace: str, cluster: str, pods: Mapping[str, Pod], key: str) -> dict[str, str]:
    """Return a setting in force as each member reports it, empty where it can't tell."""

    def ask(pod: Pod, ports: Mapping[str, int]) -> str:
        # The operator gives every cluster its own name for a root path.
        return admin.setting(pod.role, ports, key, cluster) or ""

    return _ask(kube, namespace, pods, ask)


def _ask(
    kube: Kube, namespace: str, pods: Mapping[str, Pod], question: Callable[[Pod, Mapping[str, int]], str]
) -> dict[str, str]:
    def one(pod: Pod) -> str:
        with suppress(*_UNANSWERED), forwarded(kube, namespace, pod.name, _ports(pod)) as ports:
            return question(pod, ports)
        return ""

    asked = {name: pod for name, pod in pods.items() if _ports(pod)}
    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(asked, pool.map(one, asked.values()), strict=True))


def _ports(pod: Pod) -> dict[str, int]:
    """Return the ports that a member can be asked at; none where it can't be."""
    known = _PORTS.get(pod.role, {})
    apart = _APART.get(pod.container.lower())
    return known if apart is None else {name: known[name] for name in (*apart, "metrics") if apart}
