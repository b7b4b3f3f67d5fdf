"""The ways to plant a violation: each returns what is done on a backdoor, at the beginning of a phase."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from time import monotonic

import numpy as np
import psutil

from harness.checks.latency import percentile_ns
from harness.checks.windows import windows
from harness.cluster import Role, roll_order
from harness.errors import ClusterError
from harness.history import NS_PER_MS
from harness.kind import Kind
from harness.load.schedule import FIRST_INSERT_KEY, UPSERTED
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.parts import milvus_server
from harness.platforms.waiting import until
from harness.selftest.backdoor import Backdoor, Plant
from harness.selftest.lies import Delay, PassOn
from harness.verbs import Breakable, Contained, OnMember

_FEW = 3
_READ_S = 60.0
_NOBODYS_KEY = 5 * FIRST_INSERT_KEY


def lie(*told: PassOn) -> Plant:
    """Have the proxy tell these lies from now on."""
    return lambda backdoor: backdoor.lie(*told)


def together(*plants: Plant) -> Plant:
    """Plant one after another."""

    def plant(backdoor: Backdoor) -> None:
        for one in plants:
            one(backdoor)

    return plant


def delay_by_the_baselines(per_mille: int) -> Plant:
    """Delay searches by a percentile of what they took in the steady state; by the median they take twice as long."""

    def plant(backdoor: Backdoor) -> None:
        history = backdoor.folder.read_history(live=True)
        steady = history.operations.of_kind(Kind.SEARCH).between(*(windows(history).steady or (0, 0)))
        took_ns = percentile_ns(steady.done_ns - steady.intended_ns, per_mille) or 0
        backdoor.lie(Delay(by_ms=took_ns / NS_PER_MS))

    return plant


def delete_inserts(backdoor: Backdoor) -> None:
    """Delete acknowledged inserts."""
    backdoor.delete(f"pk in {backdoor.keys(Kind.INSERT, _FEW).tolist()}")


def lose_inserts(backdoor: Backdoor) -> None:
    """Delete acknowledged inserts, then restart a query node."""
    delete_inserts(backdoor)
    restart(Role.QUERY_NODE)(backdoor)


def bring_back_deleted(backdoor: Backdoor) -> None:
    """Write deleted rows again."""
    backdoor.upsert(backdoor.keys(Kind.DELETE, _FEW), version=1)


def write_old_versions(backdoor: Backdoor) -> None:
    """Write upserted rows again, as they once were."""
    backdoor.upsert(backdoor.keys(Kind.UPSERT, _FEW), version=1)


def damage_rows(backdoor: Backdoor) -> None:
    """Write rows again, at the version that they have, with checksums of others."""
    keys = backdoor.keys(Kind.INSERT, 3 * _FEW)[:_FEW]
    backdoor.upsert(keys, version=1, damaged=True)


def write_nobodys_rows(backdoor: Backdoor, first: int = _NOBODYS_KEY) -> None:
    """Insert rows with keys that no client of the harness has."""
    backdoor.insert(first + np.arange(_FEW))


def write_between_reads(backdoor: Backdoor) -> None:
    """Insert other such rows once everything was read for the first time, and before the second time."""
    between_reads(lambda later: write_nobodys_rows(later, _NOBODYS_KEY + _FEW))(backdoor)


def insert_twice(backdoor: Backdoor) -> None:
    """Insert keys that are there."""
    backdoor.insert(backdoor.keys(Kind.INSERT, 2 * _FEW)[:_FEW])


def violate_data(backdoor: Backdoor) -> None:
    """Everything that a second client can do to rows, each to others."""
    for violate in (delete_inserts, bring_back_deleted, write_old_versions, write_nobodys_rows, insert_twice):
        violate(backdoor)
    damage_rows(backdoor)
    write_between_reads(backdoor)


def lose_a_part(backdoor: Backdoor) -> None:
    """Delete an eighth of the loaded rows, all of one partition."""
    rows = int(backdoor.folder.record().data["rows"])
    backdoor.delete(f"pk in {list(range(rows // 8))}")


def kill(role: Role) -> Plant:
    """Kill a member; whoever supervises it starts it again."""

    def plant(backdoor: Backdoor) -> None:
        member, cluster = backdoor.member(role), backdoor.cluster
        if isinstance(cluster, Contained):
            cluster.kill_container(member.name)
        elif member.pid:
            psutil.Process(member.pid).kill()
        else:
            raise ClusterError(f"{member.name} has no process here", where=cluster.name, mend="take another platform")

    return plant


def after(seconds: float, planted: Plant) -> Plant:
    """Plant once some time has passed, while the run goes on."""

    def plant(backdoor: Backdoor) -> None:
        timer = threading.Timer(seconds, planted, (backdoor,))
        timer.daemon = True
        timer.start()

    return plant


def restart(role: Role) -> Plant:
    """Kill a member and start it again."""

    def plant(backdoor: Backdoor) -> None:
        name, cluster = backdoor.member(role).name, backdoor.able(Breakable)  # type: ignore[type-abstract] # a protocol
        cluster.kill(name)
        cluster.start(name)

    return plant


def between_reads(planted: Plant) -> Plant:
    """Plant once everything was read for the first time, and before the second time."""

    def wait_and_plant(backdoor: Backdoor) -> None:
        first = backdoor.folder.path / "readback-1.npz"
        if until(first.exists, _READ_S, 0.05):
            planted(backdoor)

    return lambda backdoor: threading.Thread(target=wait_and_plant, args=(backdoor,), daemon=True).start()


def hold_down(role: Role) -> Plant:
    """Keep a member from ever getting on: stopped, and left so."""
    return lambda backdoor: backdoor.able(Breakable).pause(backdoor.member(role).name)  # type: ignore[type-abstract] # a protocol


def run_as(role: Role, milvus: str) -> Plant:
    """Start a member again as another version, though no plan says so."""
    return lambda backdoor: _run_as(backdoor.able(LocalCluster), backdoor.member(role).name, milvus)


def _run_as(cluster: LocalCluster, name: str, milvus: str) -> None:
    """End a member and start it as another version, whatever the cluster's is."""
    conf = cluster.write_conf(milvus_server(milvus))
    cluster.terminate(name)
    cluster.folder.write_member(replace(cluster.folder.member(name), milvus=milvus, conf=str(conf)))
    cluster.start(name)


def leave_one_behind(role: Role) -> Plant:
    """Have an upgrade end with one member on the version from before."""

    def plant(backdoor: Backdoor) -> None:
        cluster, name = backdoor.able(LocalCluster), backdoor.member(role).name
        old = cluster.folder.read().spec.milvus

        def upgrade(milvus: str, on_member: OnMember) -> None:
            LocalCluster.upgrade(cluster, milvus, on_member)
            _run_as(cluster, name, old)

        _upgrade_instead(cluster, upgrade)

    return plant


def roll_back_half_way(backdoor: Backdoor) -> None:
    """Have an upgrade go back after its first member, and call it done."""
    cluster = backdoor.able(LocalCluster)
    old = cluster.folder.read().spec.milvus

    def upgrade(milvus: str, on_member: OnMember) -> None:
        name = backdoor.member(roll_order(old, milvus)[0]).name
        on_member(name, "leaving")
        _run_as(cluster, name, milvus)
        _run_as(cluster, name, old)
        on_member(name, "ready")

    _upgrade_instead(cluster, upgrade)


def _upgrade_instead(cluster: LocalCluster, upgrade: Callable[[str, OnMember], None]) -> None:
    cluster.upgrade = upgrade  # type: ignore[method-assign, assignment] # what is planted: an upgrade that does not do as it says


def starve_the_load(share: float) -> Plant:
    """Let the load processes run for a part of the time only."""

    def plant(backdoor: Backdoor) -> None:
        found = [p for p in psutil.process_iter(["environ"]) if str(backdoor.folder.path) in str(p.info["environ"])]
        threading.Thread(target=_starve, args=(found, share), daemon=True).start()

    return plant


def _starve(processes: list[psutil.Process], share: float) -> None:
    period_s, rest = 0.5, threading.Event()
    end_s = monotonic() + 120
    while monotonic() < end_s and any(process.is_running() for process in processes):
        _each(processes, psutil.Process.suspend)
        rest.wait(period_s * (1 - share))
        _each(processes, psutil.Process.resume)
        rest.wait(period_s * share)


def _each(processes: list[psutil.Process], signal: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it ended with the load
            signal(process)


assert UPSERTED >= _FEW  # noqa: S101 - a row of the matrix needs as many
