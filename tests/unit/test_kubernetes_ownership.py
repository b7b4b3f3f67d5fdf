"""What is somebody else's on a Kubernetes cluster is refused before anything is made, and never removed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.action import AnyAction
from harness.api import Drain, Kill, StopNode
from harness.cluster import ClusterSpec, Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.platforms import home
from harness.platforms.kubernetes.deploy import install, remove
from harness.platforms.kubernetes.deploy.inventory import Inventory, is_marked, marked
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.kubernetes.place import Place
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.run.driver import refuse

Object = dict[str, Any]
OURS, THEIRS = "ours", "theirs"
STAGING = {"context": "staging", "operator": {"install": "present"}}
INSTANCE = "app.kubernetes.io/instance"


def made(kind: str, name: str, mark: str = "", **labels: str) -> Object:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": labels}}
    return marked(body, mark) if mark else body


def of_milvus(kind: str, name: str) -> Object:
    return made(kind, name, **{INSTANCE: "dev"})


class Server:
    """An API server that holds what it is given; one namespace, but for what has none."""

    def __init__(self, *there: Object) -> None:
        self.there = {(one["kind"], one["metadata"]["name"]): one for one in there}

    def knows(self, *_: str) -> bool:
        return True

    def is_namespaced(self, kind: str, _api: str) -> bool:
        return kind != "ClusterRole"

    def get(self, kind: str, name: str, *_: Any) -> Object | None:
        return self.there.get((kind, name))

    def milvus(self, name: str, _namespace: str) -> Object | None:
        return self.there.get(("Milvus", name))

    def items(self, kind: str, _namespace: str, *, selector: str, **_: str) -> list[Object]:
        key, _equals, value = selector.partition("=")
        found = [one for (its, _name), one in self.there.items() if its == kind]
        return [one for one in found if not key or one["metadata"]["labels"].get(key) == value]

    def apply(self, body: Object, *_: Any) -> None:
        self.there[body["kind"], body["metadata"]["name"]] = body

    def delete(self, kind: str, name: str, *_: Any, **__: Any) -> None:
        self.there.pop((kind, name), None)
        if kind == "Milvus":  # its owner references
            self.there = {key: one for key, one in self.there.items() if key[0] not in ("Pod", "Deployment")}

    def close(self) -> None:
        """There is nothing to let go of."""


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Have every place lead to this server."""
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))

    def use(server: Server) -> Server:
        monkeypatch.setattr(Place, "kube", lambda _self, _folder: server)
        return server

    return use


def platform(**changes: Any) -> KubernetesPlatform:
    return KubernetesPlatform(KubernetesOptions.model_validate({**STAGING, **changes}), on_kind=False)


@pytest.mark.parametrize(
    ("there", "options", "told"),
    [
        ([made("Milvus", "dev", THEIRS), of_milvus("Pod", "p")], {"namespace": "shop"}, "there is a Milvus 'dev'"),
        ([of_milvus("Deployment", "dev-proxy"), of_milvus("Pod", "p")], {"namespace": "shop"}, "a Milvus 'dev'"),
        ([made("Namespace", "dev")], {}, "the namespace is there already"),
    ],
)
def test_what_is_there_is_refused_and_touched_by_nobody(
    on: Any, there: list[Object], options: Object, told: str
) -> None:
    server = on(Server(*there))
    before = dict(server.there)
    with pytest.raises(BadInput, match=told):
        platform(**options).create(ClusterSpec("dev"), keep=False)
    with pytest.raises(BadInput, match=told):
        list(platform(**options).intent(ClusterSpec("dev")))
    assert server.there == before
    assert home.names() == []


def removed(server: Server, folder: Path, *, made_namespace: bool = False) -> None:
    place = Place(KubernetesOptions(), "shop", made_namespace, OURS)
    remove.milvus(server, "dev", place, Inventory(folder, OURS))  # type: ignore[arg-type]  # what is asked of it


def test_a_milvus_that_somebody_made_meanwhile_keeps_its_pods(tmp_path: Path) -> None:
    server = Server(made("Milvus", "dev", THEIRS), of_milvus("Pod", "p"), made("Service", "dev-harness", THEIRS))
    before = dict(server.there)
    removed(server, tmp_path)
    assert server.there == before


def test_only_what_was_made_is_removed(tmp_path: Path) -> None:
    server = Server(made("Milvus", "dev", OURS), of_milvus("Pod", "p"), made("Secret", "keys"))
    inventory = Inventory(tmp_path, OURS)
    for kind, name in (("Service", "dev-harness"), ("ClusterRole", "reader"), ("Secret", "mine")):
        inventory.apply(server, made(kind, name), "shop")  # type: ignore[arg-type]  # what is asked of it
        assert is_marked(server.there[kind, name], OURS)
    server.there["Secret", "mine"] = made("Secret", "mine", THEIRS)  # taken over since
    removed(server, tmp_path)
    assert set(server.there) == {("Secret", "keys"), ("Secret", "mine")}
    removed(server, tmp_path)  # a second time does no harm


def test_somebodys_object_is_not_overwritten(tmp_path: Path) -> None:
    server = Server(made("Secret", "object-store"))
    with pytest.raises(BadInput, match=r"there is a Secret 'object-store' already \(shop\)"):
        Inventory(tmp_path, OURS).apply(server, made("Secret", "object-store"), "shop")  # type: ignore[arg-type]  # as above
    removed(server, tmp_path)
    assert ("Secret", "object-store") in server.there


def test_what_goes_with_its_namespace_is_not_asked_for(tmp_path: Path) -> None:
    server = Server(made("Namespace", "shop", OURS))
    inventory = Inventory(tmp_path, OURS)
    for kind in ("Secret", "ClusterRole"):
        inventory.apply(server, made(kind, "a"), "shop")  # type: ignore[arg-type]  # what is asked of it
    removed(server, tmp_path, made_namespace=True)
    assert set(server.there) == {("Secret", "a")}  # the server's own business


@pytest.mark.parametrize(
    ("said", "is_left"),
    [
        ("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", True),
        ("Error: release: already exists", True),
        ("Error: no such chart", False),
    ],
)
def test_an_operator_that_another_harness_installs_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, said: str, is_left: bool
) -> None:
    looks = iter([False, True, True])
    monkeypatch.setattr(install, "has_definition", lambda _: next(looks))

    def helm(*_: Any, **__: Any) -> str:
        raise ClusterError(said, where="helm", mend="mend it")

    monkeypatch.setattr(install, "run", helm)
    bring_in = partial(install.operator, Server(), KubernetesOptions(), None)  # type: ignore[arg-type]  # nothing is asked
    if is_left:
        bring_in()
        return
    with pytest.raises(ClusterError, match="no such chart"):
        bring_in()


def test_names_are_filled_in_and_nothing_else_is_touched() -> None:
    text = "a ${NAMESPACE} $NAMESPACE $${UNKNOWN} ${UNKNOWN} $$"
    assert install.filled(text, {"NAMESPACE": "shop"}) == "a shop $NAMESPACE $${UNKNOWN} ${UNKNOWN} $$"


@pytest.mark.parametrize(
    ("on_kind", "changes", "fault", "told"),
    [
        (True, {}, Kill(Role.ETCD), "which pods are etcd was not said"),
        (True, {"dependencies": {"selectors": {"etcd": "app=etcd"}}}, Kill(Role.ETCD), ""),
        (True, {}, StopNode(Role.QUERY_NODE), "no node that can be stopped"),
        (True, {"kind": {"workers": 2}}, StopNode(Role.QUERY_NODE), ""),
        (True, {}, Drain(Role.QUERY_NODE), "lie on no nodes, or all on one"),
        (False, STAGING, Drain(Role.QUERY_NODE), ""),
    ],
)
def test_what_could_not_be_done_is_refused_beforehand(
    on_kind: bool, changes: Object, fault: AnyAction, told: str
) -> None:
    where = KubernetesPlatform(KubernetesOptions.model_validate(changes), on_kind=on_kind)
    if not told:
        refuse(fault, where)
        return
    with pytest.raises(Unsupported, match=told):
        refuse(fault, where)


def test_what_would_change_a_milvus_that_is_there_is_refused(on: Any) -> None:
    on(Server(of_milvus("Deployment", "dev-proxy")))
    there = {"namespace": "shop", "milvus": {"existing": "dev"}}
    with pytest.raises(Unsupported, match=r"a\.b can't be set"):
        platform(**there).check(ClusterSpec("mine", settings={"proxy.maxTaskNum": "1"} | {"a.b": "1"}))


def test_the_token_is_read_anew_and_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("root:secret\n", encoding="utf-8")
    place = Place(KubernetesOptions(token_file=str(file)), "shop", made_namespace=False, mark=OURS)
    assert place.token == "root:secret"  # noqa: S105 - made up
    assert "secret" not in "".join(place.written().values())
    monkeypatch.setenv("HARNESS_TOKEN", "key")
    assert Place(KubernetesOptions(), "shop", made_namespace=False, mark=OURS).token == "key"  # noqa: S105 - made up
    file.unlink()
    with pytest.raises(BadInput, match="the token can't be read: No such file"):
        _ = place.token
