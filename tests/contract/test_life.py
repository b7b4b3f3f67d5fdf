"""A cluster from its making to its end: nothing half-made, nothing left behind."""

from __future__ import annotations

import pytest

from harness.cluster import ClusterSpec
from harness.errors import BadInput, ClusterError
from harness.platforms import registry
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.state import Folder, clusters_home
from tests.contract.leftovers import look


def test_nothing_is_left_of_a_cluster_that_was_destroyed() -> None:
    before = look()
    made = LocalPlatform().create(ClusterSpec("life"), keep=False)
    assert look().beyond(before)
    made.destroy()
    assert look().beyond(before) == ""
    assert not (clusters_home() / "life").exists()


def test_two_clusters_live_side_by_side(cluster: LocalCluster) -> None:
    other = LocalPlatform().create(ClusterSpec("other"), keep=False)
    try:
        ports = [{port for m in c.folder.members() for port in m.ports.values()} for c in (cluster, other)]
        assert not ports[0] & ports[1]
        assert set(other.versions().values()) == set(cluster.versions().values())
    finally:
        other.destroy()
    cluster.wait_ready()


def test_an_upgrade_changes_every_version_and_keeps_what_was_set() -> None:
    key = "common.threadCoreCoefficient.lowPriority"
    made = LocalPlatform().create(ClusterSpec("upgraded", milvus="2.3.4", settings={key: "2"}), keep=False)
    try:
        assert set(made.versions().values()) == {"v2.3.4-lite"}
        made.upgrade("2.3.5", lambda _name, _what: None)
        assert set(made.versions().values()) == {"v2.3.5-lite"}
        assert {made.setting(name, key) for name in made.versions()} == {"2"}
    finally:
        made.destroy()


def test_a_name_that_is_taken_is_refused_and_the_cluster_stays(cluster: LocalCluster) -> None:
    with pytest.raises(BadInput, match="there is a cluster 'contract' already"):
        LocalPlatform().create(ClusterSpec("contract"), keep=False)
    cluster.wait_ready()


def test_a_member_that_does_not_come_up_says_why_and_leaves_nothing() -> None:
    before = look()
    with pytest.raises(ClusterError, match=r"mixcoord-1 ended while starting: .*nonsense.*\(.*mixcoord-1\.log\)"):
        LocalPlatform().create(ClusterSpec("broken", settings={"metastore.type": "nonsense"}), keep=False)
    assert look().beyond(before) == ""
    assert not (clusters_home() / "broken").exists()


def test_heal_removes_what_nobody_owns_and_leaves_the_rest(cluster: LocalCluster) -> None:
    abandoned = LocalPlatform().create(ClusterSpec("abandoned"), keep=False)
    folder = Folder(abandoned.folder.path)
    owner = folder.read().owner
    assert owner is not None
    folder.update(owner=type(owner)(owner.pid, owner.started + 1))
    assert registry.heal() == registry.HealReport(["cluster abandoned"])
    assert not folder.path.exists()
    cluster.wait_ready()
