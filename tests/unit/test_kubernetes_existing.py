"""A Milvus that was there before: found by the labels of the operator and by those of Milvus's Helm chart."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cluster import ClusterSpec, Role, Topology
from harness.errors import BadInput
from harness.platforms.kubernetes.deploy import user_owned
from harness.platforms.kubernetes.options import KubernetesOptions, MilvusOptions
from harness.platforms.kubernetes.place import Place, read_place

OPTIONS = KubernetesOptions(context="staging", namespace="shop", milvus=MilvusOptions(existing="mine"))


class Server:
    """An API server with deployments, and with the operator's resource or without."""

    def __init__(self, deployments: list[dict[str, Any]], *, resource: bool) -> None:
        self._deployments, self._resource = deployments, resource

    def items(self, kind: str, namespace: str, *, selector: str, api: str) -> list[dict[str, Any]]:
        assert (kind, namespace, api) == ("Deployment", "shop", "apps/v1")
        key, _, value = selector.partition("=")
        return [one for one in self._deployments if one["metadata"]["labels"].get(key) == value]

    def knows(self, *_: str) -> bool:
        return True

    def milvus(self, *_: str) -> dict[str, Any] | None:
        return {"kind": "Milvus"} if self._resource else None

    def close(self) -> None:
        """There is nothing to let go of."""


def deployment(replicas: int, **labels: str) -> dict[str, Any]:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    return {"metadata": {"labels": named}, "spec": {"replicas": replicas}}


CHART = [
    deployment(3, app_kubernetes_io__instance="mine", component="querynode"),
    deployment(1, app_kubernetes_io__instance="mine", component="mixcoord"),
    deployment(2, app_kubernetes_io__instance="another", component="proxy"),
]
OPERATOR = [
    deployment(2, app_kubernetes_io__instance="mine", app_kubernetes_io__component="querynode"),
    deployment(0, app_kubernetes_io__instance="mine", app_kubernetes_io__component="querynode"),
    deployment(1, app_kubernetes_io__instance="mine", app_kubernetes_io__component="proxy"),
]


def found(monkeypatch: pytest.MonkeyPatch, server: Server, **wanted: int) -> Place:
    monkeypatch.setattr(Place, "kube", lambda _self, _folder: server)
    counts = {Role(role): count for role, count in wanted.items()}
    return user_owned.found(Place(OPTIONS, "shop", False, ""), ClusterSpec("mine", topology=Topology(counts)))


def test_a_release_of_the_chart_is_known_by_its_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    place = found(monkeypatch, Server(CHART, resource=False), querynode=2)
    assert place.is_chart
    assert place.counts == {Role.QUERY_NODE: 3, Role.COORDINATORS: 1}


def test_the_operators_two_slots_are_one_role(monkeypatch: pytest.MonkeyPatch) -> None:
    place = found(monkeypatch, Server(OPERATOR, resource=True), querynode=2)
    assert not place.is_chart
    assert place.counts == {Role.QUERY_NODE: 2, Role.PROXY: 1}
    assert read_place(place.written()) == place


def test_one_that_is_too_small_or_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="mine has 3 querynode, 4 are needed"):
        found(monkeypatch, Server(CHART, resource=False), querynode=4)
    with pytest.raises(BadInput, match="there is no Milvus 'mine'"):
        found(monkeypatch, Server([], resource=False))
