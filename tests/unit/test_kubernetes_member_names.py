"""Members keep their names while pods come and go."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.cluster import Health, Role
from harness.platforms.kubernetes.milvus.member_names import MemberNames
from harness.platforms.kubernetes.milvus.pods import Pod, pod_of, role_of
from tests.unit.kube_objects import pod


def node(name: str, created: int = 0, role: Role = Role.QUERY_NODE) -> Pod:
    return Pod(name, role, f"{name}-0", Health.READY, "milvus:v1", "node-1", "c", f"{created:04}")


def test_pods_are_numbered_by_their_age() -> None:
    slots = MemberNames()
    slots.update([node("b", 2), node("a", 1), node("p", 0, Role.PROXY)], {Role.QUERY_NODE: 2, Role.PROXY: 1})
    assert [(name, one.name) for name, one in slots.pods().items()] == [
        ("proxy-1", "p"),
        ("querynode-1", "a"),
        ("querynode-2", "b"),
    ]


def test_a_pod_that_is_gone_leaves_its_place_dead_for_the_next_one() -> None:
    slots, wanted = MemberNames(), {Role.QUERY_NODE: 2}
    slots.update([node("a", 1), node("b", 2)], wanted)
    slots.update([node("b", 2)], wanted)
    assert {name: pulse.health for name, pulse in slots.pulse().items()} == {
        "querynode-1": Health.DEAD,
        "querynode-2": Health.READY,
    }
    slots.update([node("b", 2), node("c", 3)], wanted)
    assert slots.pods()["querynode-1"].name == "c"
    assert slots.pods()["querynode-2"].name == "b"


def test_a_role_that_was_made_smaller_forgets_the_place() -> None:
    slots = MemberNames()
    slots.update([node("a", 1), node("b", 2)], {Role.QUERY_NODE: 2})
    slots.update([node("a", 1)], {Role.QUERY_NODE: 1})
    assert list(slots.pods()) == ["querynode-1"]


_PODS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from((Role.QUERY_NODE, Role.PROXY)), max_size=6)


@given(st.lists(st.tuples(_PODS, st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=12))
def test_every_pod_has_one_place_and_keeps_it(steps: list[tuple[dict[str, Role], int, int]]) -> None:
    slots, roles, before = MemberNames(), dict[str, Role](), dict[str, str]()
    for there, nodes, proxies in steps:
        pods = [node(name, ord(name), roles.setdefault(name, role)) for name, role in there.items()]
        wanted = {Role.QUERY_NODE: nodes, Role.PROXY: proxies}
        slots.update(pods, wanted)
        found = slots.pods()
        living = {one.name: name for name, one in found.items() if one.health is not Health.DEAD}
        assert sorted(living) == sorted(there)
        assert all(before[name] == place for name, place in living.items() if name in before)
        for role, count in wanted.items():
            live = sum(one.role is role for one in pods)
            dead = sum(one.role is role and one.health is Health.DEAD for one in found.values())
            assert dead <= max(0, count - live)
        before = living


def test_what_kubernetes_says_of_a_container_is_its_health() -> None:
    def health(**changes: object) -> Health:
        return pod_of(pod(**changes), Role.QUERY_NODE).health  # type: ignore[arg-type]  # any field of a pod

    assert health() is Health.READY
    assert health(ready=False) is Health.STARTING
    assert health(state={"waiting": {"reason": "ContainerCreating"}}) is Health.STARTING
    assert health(state={"waiting": {"reason": "CrashLoopBackOff"}}, restarts=2) is Health.DEAD
    assert health(state={"terminated": {"exitCode": 137}}) is Health.DEAD


def test_a_container_that_was_started_again_is_another_one() -> None:
    uids = {pod_of(pod(restarts=number), Role.PROXY).uid for number in (0, 1)}
    assert len(uids) == 2


def test_what_was_put_beside_a_member_is_not_taken_for_it() -> None:
    found = pod(restarts=3)
    beside = {"name": "istio-proxy", "image": "istio:1"}
    found["spec"]["containers"].insert(0, beside)
    found["status"]["containerStatuses"].insert(0, {**beside, "ready": False, "restartCount": 0, "state": {}})
    seen = pod_of(found, Role.QUERY_NODE)
    assert (seen.container, seen.image, seen.health) == ("querynode", "milvus:v1", Health.READY)
    assert seen.uid.endswith("-3")


def test_a_pod_that_is_asked_to_go_is_leaving() -> None:
    assert pod_of(pod(deletionTimestamp="2025-01-01T00:00:09Z"), Role.PROXY).leaving
    assert not pod_of(pod(), Role.PROXY).leaving


def test_roles_are_found_by_the_operators_labels_the_charts_and_those_that_are_named() -> None:
    def role(**labels: str) -> Role | None:
        return role_of({key.replace("__", "/"): value for key, value in labels.items()}, "dev", {Role.ETCD: "app=meta"})

    ours = {"app.kubernetes.io__instance": "dev"}
    assert role(**ours, **{"app.kubernetes.io__component": "querynode"}) is Role.QUERY_NODE
    assert role(**ours, component="mixCoordinator") is Role.COORDINATORS
    assert role(**ours, **{"app.kubernetes.io__component": "standalone"}) is None
    assert role(app="meta") is Role.ETCD
    assert role(**{"app.kubernetes.io__instance": "other", "app.kubernetes.io__component": "proxy"}) is None


def test_a_replacement_takes_the_place_of_the_one_that_is_leaving() -> None:
    slots, wanted = MemberNames(), {Role.QUERY_NODE: 2}
    slots.update([node("a", 1), node("b", 2)], wanted)
    leaving = replace(node("b", 2), leaving=True)
    slots.update([node("a", 1), leaving], wanted)
    assert slots.pods()["querynode-2"].leaving
    for there in ([node("a", 1), leaving, node("c", 3)], [node("a", 1), node("c", 3)]):
        slots.update(there, wanted)
        assert {name: pod.name for name, pod in slots.pods().items()} == {"querynode-1": "a", "querynode-2": "c"}


def test_a_pod_beyond_the_wanted_ones_has_a_place_of_its_own_until_an_old_one_leaves() -> None:
    slots, wanted = MemberNames(), {Role.PROXY: 1}
    slots.update([node("old", 1, Role.PROXY)], wanted)
    slots.update([node("old", 1, Role.PROXY), node("new", 2, Role.PROXY)], wanted)
    assert list(slots.pods()) == ["proxy-1", "proxy-2"]
    slots.update([node("new", 2, Role.PROXY)], wanted)
    assert {name: pod.name for name, pod in slots.pods().items()} == {"proxy-2": "new"}
