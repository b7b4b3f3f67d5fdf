"""What every platform promises, held against real members: each verb is seen to have taken effect."""

from __future__ import annotations

import pytest

from harness.cluster import Breakable, Changeable, Health, Member, Role
from harness.errors import BadInput, ClusterError
from harness.platforms.local.cluster import LocalCluster


def member(cluster: LocalCluster, name: str) -> Member:
    return next(m for m in cluster.members() if m.name == name)


def test_it_has_the_verbs(cluster: LocalCluster) -> None:
    assert isinstance(cluster, Breakable)
    assert isinstance(cluster, Changeable)


def test_every_member_is_ready_and_tells_its_version(cluster: LocalCluster) -> None:
    members = cluster.members()
    assert {m.role for m in members} == set(Role)
    assert {m.health for m in members} == {Health.READY}
    assert all(m.rss_bytes > 0 and m.pid for m in members)
    assert set(cluster.versions().values()) == {"v2.3.5-lite"}


def test_a_killed_member_stays_dead_until_it_is_started(cluster: LocalCluster) -> None:
    before = member(cluster, "querynode-1").uid
    cluster.kill("querynode-1")
    assert member(cluster, "querynode-1").health is Health.DEAD
    assert cluster.revive() == ()
    cluster.start("querynode-1")
    after = member(cluster, "querynode-1")
    assert after.health is Health.READY
    assert after.uid != before


def test_a_member_that_ended_by_itself_is_revived(cluster: LocalCluster) -> None:
    process = cluster.folder.member("indexnode-1").process
    assert process is not None
    process.signal(__import__("signal").SIGKILL)
    assert process.wait_gone(5)
    assert cluster.revive() == ("indexnode-1",)
    cluster.start("indexnode-1")
    assert member(cluster, "indexnode-1").health is Health.READY


def test_a_paused_member_stands_until_it_is_resumed(cluster: LocalCluster) -> None:
    before = member(cluster, "datanode-1").uid
    cluster.pause("datanode-1")
    assert cluster.pulse()["datanode-1"].health is Health.PAUSED
    cluster.resume("datanode-1")
    assert cluster.pulse()["datanode-1"].health is Health.READY
    assert cluster.pulse()["datanode-1"].uid == before


def test_a_terminated_member_ends(cluster: LocalCluster) -> None:
    cluster.terminate("querynode-2")
    assert member(cluster, "querynode-2").health is Health.DEAD
    cluster.start("querynode-2")


@pytest.mark.parametrize("role", [Role.ETCD, Role.OBJECT_STORE, Role.MESSAGE_QUEUE])
def test_a_dependency_comes_back_with_its_data(cluster: LocalCluster, role: Role) -> None:
    cluster.kill(f"{role}-1")
    cluster.start(f"{role}-1")
    cluster.wait_ready()
    assert member(cluster, "mixcoord-1").health is Health.READY


def test_query_nodes_are_scaled_up_and_down(cluster: LocalCluster) -> None:
    told: list[tuple[str, str]] = []
    cluster.scale(Role.QUERY_NODE, 3, lambda name, what: told.append((name, what)))
    assert member(cluster, "querynode-3").health is Health.READY
    cluster.scale(Role.QUERY_NODE, 2, lambda name, what: told.append((name, what)))
    assert told == [("querynode-3", "ready"), ("querynode-3", "leaving")]
    assert "querynode-3" not in {m.name for m in cluster.members()}


def test_a_setting_is_read_back_from_every_member(cluster: LocalCluster) -> None:
    key = "common.threadCoreCoefficient.lowPriority"
    before = {name: pulse.uid for name, pulse in cluster.pulse().items()}
    cluster.configure({key: "3"}, lambda _name, _what: None)
    for name in cluster.versions():
        assert cluster.setting(name, key) == "3"
        assert cluster.pulse()[name].uid != before[name]


def test_what_makes_no_sense_is_refused_and_changes_nothing(cluster: LocalCluster) -> None:
    before = cluster.pulse()
    with pytest.raises(BadInput, match="no member 'querynode-9'"):
        cluster.kill("querynode-9")
    with pytest.raises(BadInput, match="cannot be scaled"):
        cluster.scale(Role.COORDINATORS, 2, lambda _name, _what: None)
    with pytest.raises(BadInput, match=r"did you mean common\.gracefulTime\?"):
        cluster.configure({"common.gracefulTme": "1"}, lambda _name, _what: None)
    assert cluster.pulse() == before


def test_a_dead_member_can_t_be_paused(cluster: LocalCluster) -> None:
    cluster.kill("querynode-2")
    with pytest.raises(ClusterError, match="could not be paused"):
        cluster.pause("querynode-2")
    cluster.start("querynode-2")
