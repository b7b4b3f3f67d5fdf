"""The members' logs, kept in the cluster's folder: a pod's goes with the pod."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.milvus.pods import Pod

_LIMIT_BYTES = 20_000_000


def keep(kube: Kube, namespace: str, name: str, pod: Pod, folder: Path) -> Path:
    """Write a member's log into its file, and what its container wrote before its last restart beside it."""
    file = folder / f"{name}.{pod.uid[:8]}.log"
    with suppress(ClusterError):
        file.write_text(_log(kube, namespace, pod, previous=False), encoding="utf-8")
    if not pod.uid.endswith("-0"):
        with suppress(ClusterError):
            text = _log(kube, namespace, pod, previous=True)
            file.with_suffix(".previous.log").write_text(text, encoding="utf-8")
    return file


def keep_all(kube: Kube, namespace: str, pods: Mapping[str, Pod], folder: Path) -> dict[str, Path]:
    """Keep the log of every pod there is; return all that were ever kept, by their names."""
    for name, pod in pods.items():
        keep(kube, namespace, name, pod, folder)
    return {file.name.removesuffix(".log"): file for file in sorted(folder.glob("*.log"))}


def _log(kube: Kube, namespace: str, pod: Pod, *, previous: bool) -> str:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod.name}/log"
    query = {"container": pod.container, "limitBytes": str(_LIMIT_BYTES)}
    return kube.text(path, {**query, "previous": "true"} if previous else query)
