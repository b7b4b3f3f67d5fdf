"""What only local processes promise: there is no supervisor but the harness."""

from __future__ import annotations

import signal

import pytest

from harness.cluster import Health
from harness.errors import BadInput, ClusterError
from harness.platforms.local.cluster import LocalCluster


def test_every_member_is_a_process_of_this_machine(cluster: LocalCluster) -> None:
    assert all(m.rss_bytes > 0 and m.pid and m.port for m in cluster.members())


def test_a_killed_member_stays_dead_until_it_is_started(cluster: LocalCluster) -> None:
    cluster.kill("querynode-1")
    assert cluster.revive() == ()
    assert cluster.pulse()["querynode-1"].health is Health.DEAD
    with pytest.raises(ClusterError, match="could not be paused"):
        cluster.pause("querynode-1")
    cluster.start("querynode-1")
    assert cluster.pulse()["querynode-1"].health is Health.READY


def test_a_member_that_ended_by_itself_is_revived(cluster: LocalCluster) -> None:
    process = cluster.folder.member("indexnode-1").process
    assert process is not None
    process.signal(signal.SIGKILL)
    assert process.wait_gone(5)
    assert cluster.revive() == ("indexnode-1",)
    cluster.start("indexnode-1")
    assert cluster.pulse()["indexnode-1"].health is Health.READY


def test_a_member_that_ignores_its_end_is_killed_and_its_log_says_so(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.platforms.local.cluster._STOP_S", 1.0)
    cluster.pause("indexnode-1")
    cluster.terminate("indexnode-1")
    assert cluster.pulse()["indexnode-1"].health is Health.DEAD
    said = cluster.logs("indexnode-1").read_text(encoding="utf-8")
    assert said.endswith("harness: indexnode-1 did not end 1 s after SIGTERM and is killed\n")
    cluster.start("indexnode-1")


def test_an_unknown_setting_is_refused_before_anything_is_restarted(cluster: LocalCluster) -> None:
    before = cluster.pulse()
    with pytest.raises(BadInput, match=r"did you mean common\.gracefulTime\?"):
        cluster.configure({"common.gracefulTme": "1"}, lambda _name, _what: None)
    assert cluster.pulse() == before
