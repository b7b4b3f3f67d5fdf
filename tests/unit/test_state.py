"""A cluster's folder: what is written is read back, what can't be read says so, and can still be removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec, Health, Role, Topology
from harness.errors import BadInput, ClusterError
from harness.platforms import home as homes
from harness.platforms import registry
from harness.platforms.local import platform as local
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.commands import PORTS
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.local.server import Server
from harness.platforms.process import TAG, Process, end_all, spawn, tagged
from harness.platforms.state import ClusterState, Folder, MemberState, clusters_home


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A path of few characters, as the object store's sockets want it.
    place = tmp_path_factory.mktemp("h")
    monkeypatch.setenv("HARNESS_HOME", str(place))
    return place / "clusters"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that is there already, so that nothing is fetched."""
    template = tmp_path / "config.yaml.template"
    template.write_text("proxy:\n  port: 1\n", encoding="ascii")
    found = Server("2.3.5", tmp_path / "milvus", tmp_path, template)
    monkeypatch.setattr(local, "milvus_server", lambda _: found)
    return found


def cluster(name: str = "dev", owner: Process | None = None, members: tuple[MemberState, ...] = ()) -> Folder:
    folder = Folder(clusters_home() / name)
    folder.create()
    folder.write(ClusterState(ClusterSpec(name, settings={"a": "1"}, topology=Topology({Role.PROXY: 2})), owner))
    for one in members:
        folder.write_member(one)
    return folder


def member(role: Role, number: int, process: Process | None = None) -> MemberState:
    ports = {name: 1000 * number + at for at, name in enumerate(PORTS[role])}
    return MemberState(f"{role}-{number}", role, number, "2.3.5", "conf", ports, process)


def test_what_is_written_is_read_back() -> None:
    owner = Process.of(os.getpid())
    members = (member(Role.PROXY, 2, owner), member(Role.ETCD, 1), member(Role.PROXY, 1))
    folder = cluster(owner=owner, members=members)
    state = folder.read()
    assert state.owner == owner
    assert state.spec.settings == {"a": "1"}
    assert state.spec.topology.count(Role.PROXY) == 2
    assert state.spec.topology.count(Role.QUERY_NODE) == 1
    assert [one.name for one in folder.members()] == [f"{r}-{n}" for r, n in (("proxy", 1), ("proxy", 2), ("etcd", 1))]
    assert folder.member("proxy-2") == members[0]
    assert folder.update(generation=3).generation == folder.read().generation == 3
    assert folder.taken_ports() == {1000, 1001, 1002, 2000, 2001, 2002}
    folder.remove_member("proxy-2")
    assert [one.name for one in folder.members()] == ["proxy-1", "etcd-1"]


def test_nobody_but_the_user_reads_a_cluster(home: Path) -> None:
    cluster()
    assert (home / "dev").stat().st_mode & 0o777 == 0o700


def test_a_member_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(BadInput, match=r"there is no member 'proxy-9'.*take one of proxy-1, etcd-1"):
        cluster(members=(member(Role.PROXY, 1), member(Role.ETCD, 1))).member("proxy-9")


def test_a_member_lives_as_long_as_its_very_process() -> None:
    me = Process.of(os.getpid())
    assert me
    alive, former, never = (member(Role.PROXY, 1, p) for p in (me, Process(me.pid, me.started - 1), None))
    assert (alive.pulse.health, former.pulse.health, never.pulse.health) == (Health.READY, Health.DEAD, Health.DEAD)
    assert alive.lives
    assert not former.lives
    assert alive.pulse.uid != former.pulse.uid
    assert never.pulse.uid == ""


@pytest.mark.parametrize("text", ["", "{", "{}", '{"spec": 1}', "null"])
def test_a_state_that_cannot_be_read_says_how_to_be_rid_of_it(home: Path, text: str) -> None:
    folder = cluster(members=(member(Role.PROXY, 1),))
    (home / "dev/members/proxy-1.json").write_text(text, encoding="ascii")
    with pytest.raises(BadInput, match=r"proxy-1\.json\): remove it with: harness down dev"):
        list(folder.members())
    (home / "dev/cluster.json").write_text(text, encoding="ascii")
    with pytest.raises(BadInput, match=r"cluster\.json\): remove it with: harness down dev"):
        registry.open_cluster("dev")
    registry.open_anyway("dev").destroy()
    assert homes.names() == []


def test_a_cluster_that_does_not_exist_is_told() -> None:
    for ask in (registry.open_cluster, homes.is_kept):
        with pytest.raises(BadInput, match="there is no cluster 'none'"):
            ask("none")
    assert homes.names() == []


def test_a_cluster_is_removed_with_every_process_of_it_and_no_other(home: Path) -> None:
    folder = cluster()
    log, environment = folder.log("m"), {"PATH": "/bin:/usr/bin"}
    mine, other = (
        spawn(["sleep", "60"], folder=home, log=log, environment=environment, tag=tag)
        for tag in (folder.path, home / "dev2")
    )
    folder.write_member(member(Role.PROXY, 1, mine))
    try:
        registry.open_cluster("dev").destroy()
        assert not mine.alive
        assert other.alive
        assert not folder.path.exists()
    finally:
        end_all([mine, other])


def test_clusters_lie_where_the_user_says_wherever_a_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", "here")
    assert clusters_home() == tmp_path / "here/clusters"
    monkeypatch.delenv("HARNESS_HOME")
    assert clusters_home().is_absolute()


def test_heal_removes_what_killed_runs_left_and_leaves_what_is_in_use(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of all that runs on this machine only what this test started is its business.
    monkeypatch.setattr(registry, "tagged", lambda: (one for one in tagged() if one[1].startswith(str(home))))
    monkeypatch.setattr(registry, "orphans", list)
    me = Process.of(os.getpid())
    assert me
    cluster("kept", owner=None)
    cluster("mine", owner=me)
    cluster("left", owner=Process(me.pid, me.started - 1))
    (home / "notes").mkdir()  # of the user's own
    (home / "notes/today").write_text("x", encoding="ascii")
    (home / "newer").mkdir()  # of a harness whose words this one does not know
    (home / "newer/cluster.json").write_text('{"spec": 1}', encoding="ascii")
    (home / "odd/cluster.json").mkdir(parents=True)
    (home / ".old.removing").mkdir()  # killed as it was removed
    (home / ".half.999999999").mkdir()  # killed before it was claimed
    alive = spawn(["sleep", "60"], folder=home, log=home / "log", environment={"PATH": "/bin"}, tag=home / "newer")
    lost = spawn(
        ["sleep", "60"], folder=home, log=home / "log", environment={"PATH": "/bin:/usr/bin"}, tag=home / "gone"
    )
    try:
        done = registry.heal()
        assert alive.alive
    finally:
        end_all([lost, alive])
    assert {"cluster left", f"process {lost.pid}"} <= set(done.removed)
    assert not lost.alive
    assert homes.names() == ["kept", "mine", "newer", "notes", "odd"]
    assert (home / "notes/today").read_text(encoding="ascii") == "x"
    left_alone = [text.split(", ")[0] for text in done.not_ours.values()]
    assert left_alone == [str(home / name) for name in ("newer", "notes", "odd")]
    assert not list(home.glob(".*"))
    assert homes.is_kept("kept")
    assert not homes.is_kept("mine")


def test_what_cannot_be_ended_is_told_and_keeps_nothing_else_from_being() -> None:
    def stuck() -> None:
        raise BadInput("its disk is read-only", where="here", mend="mount it")

    done = registry.HealReport()
    done.end("cluster stuck", stuck)
    done.end("cluster left", lambda: None)
    assert done == registry.HealReport(
        ["cluster left"], ["cluster stuck is still there: its disk is read-only (here): mount it"]
    )


@pytest.mark.parametrize("name", ["", "Dev", "a_b", "-a", "a-", "a/b", "..", "a" * 41, "ä"])
def test_a_name_that_makes_no_folder_is_refused(server: Server, name: str) -> None:
    with pytest.raises(BadInput, match="can't be a cluster's name"):
        LocalPlatform().check(ClusterSpec(name))


def test_a_folder_too_deep_for_a_socket_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", "/tmp/" + "x" * 90)  # noqa: S108 - never written to
    with pytest.raises(BadInput, match=r"more than 100 characters.*shorter path"):
        LocalPlatform().check(ClusterSpec("dev"))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (ClusterSpec("dev", profile="quick"), "no settings profile 'quick'"),
        (ClusterSpec("dev", settings={"proxy.prot": "1"}), "did you mean proxy.port"),
        (ClusterSpec("dev", settings={"proxy.port": "[1"}), r"'\[1' is no value \(--set proxy.port\)"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is(
    server: Server, home: Path, spec: ClusterSpec, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        LocalPlatform().create(spec, keep=True)
    assert not home.exists()


def test_a_full_disk_is_told_before_anything_is_made(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000}))
    with pytest.raises(ClusterError, match=r"only 5 MB of disk are free.*HARNESS_HOME to another disk"):
        LocalPlatform().create(ClusterSpec("dev"), keep=True)
    assert not home.exists()


def test_a_name_that_is_taken_is_refused_and_its_cluster_stays(server: Server, home: Path) -> None:
    folder = cluster()
    with pytest.raises(BadInput, match=r"there is a cluster 'dev' already.*harness down dev"):
        LocalPlatform().create(ClusterSpec("dev"), keep=True)
    assert folder.read().spec.settings == {"a": "1"}


@pytest.mark.parametrize("error", [ClusterError("no", where="a", mend="b"), KeyboardInterrupt(), RuntimeError()])
def test_a_cluster_that_did_not_come_up_leaves_nothing(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    started: list[Process] = []

    def break_off(self: LocalCluster) -> None:
        folder = self.folder
        started.append(
            spawn(["sleep", "60"], folder=folder.path, log=folder.log("m"), environment={TAG: "x"}, tag=folder.path)
        )
        raise error

    monkeypatch.setattr(LocalCluster, "create", break_off)
    with pytest.raises(type(error)):
        LocalPlatform().create(ClusterSpec("dev"), keep=True)
    assert not started[0].alive
    assert homes.names() == []


def test_a_cluster_is_its_makers_until_it_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalCluster, "create", lambda _: None)
    LocalPlatform().create(ClusterSpec("mine"), keep=False)
    LocalPlatform().create(ClusterSpec("kept"), keep=True)
    assert Folder(clusters_home() / "mine").read().owner == Process.of(os.getpid())
    assert [homes.is_kept(name) for name in ("kept", "mine")] == [True, False]
