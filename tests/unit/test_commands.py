"""How each role is started: on its own ports, without the user's environment, with no secret for others to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from harness.cluster import ClusterSpec, Role, roles_of
from harness.platforms.local import commands
from harness.platforms.local.commands import PORTS, launch, leftovers, prepare, write_conf
from harness.platforms.local.parts import Dependencies
from harness.platforms.local.server import Server
from harness.platforms.process import Process
from harness.platforms.state import ClusterState, Folder, MemberState

TEMPLATE = "etcd:\n  endpoints: x\nproxy:\n  port: 19530\nminio:\n  address: localhost\n"
PARTS = Dependencies(Path("/c/etcd"), Path("/c/weed"), Path("/c/java"), "/c/a.jar:/c/b.jar", Path("/c/k.aot"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path / "clusters" / "dev")
    found.create()
    found.write(ClusterState(ClusterSpec("dev"), None))
    prepare(found)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Server:
    template = tmp_path / "config.yaml.template"
    template.write_text(TEMPLATE, encoding="ascii")
    (tmp_path / "glog.conf").write_text("--minloglevel=0\n", encoding="ascii")
    return Server("2.3.5", Path("/c/milvus"), Path("/c/lib"), template)


def members(folder: Folder) -> dict[Role, MemberState]:
    """One member of each role; every port of the cluster is another number of five digits."""
    numbers = iter(range(30_001, 30_100))
    return {
        role: folder.write_member(
            MemberState(f"{role}-1", role, 1, "2.3.5", "/conf", {name: next(numbers) for name in PORTS[role]})
        )
        for role in roles_of("2.3.5")
    }


def secrets_of(folder: Folder) -> list[str]:
    text = (folder.path / "conf/s3.json").read_text(encoding="ascii")
    found = re.findall(r'"(?:access|secret)Key": "(\w+)"', text)
    assert len(found) == 2
    return found


@pytest.mark.parametrize("role", roles_of("2.3.5"))
def test_a_member_listens_on_its_own_ports_and_on_all_of_them(folder: Folder, server: Server, role: Role) -> None:
    state = members(folder)[role]
    started = launch(folder, state, server, PARTS)
    files = [file.read_text(encoding="utf-8") for file in folder.data(state.name).rglob("*.properties")]
    told = " ".join([*started.command, *started.environment.values(), *files])
    mine = {str(port) for port in state.ports.values()}
    assert set(re.findall(r"\b30\d{3}\b", told)) == mine


@pytest.mark.parametrize("role", roles_of("2.3.5"))
def test_no_secret_and_nothing_of_the_users_environment_reaches_a_member(
    folder: Folder, server: Server, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_TOKEN", "root:Secret1")
    monkeypatch.setenv("PROXY_PORT", "1")
    monkeypatch.setenv("ETCD_ENDPOINTS", "elsewhere")
    started = launch(folder, members(folder)[role], server, PARTS)
    told = " ".join([*started.command, *(f"{k}={v}" for k, v in started.environment.items())])
    assert not any(secret in told for secret in [*secrets_of(folder), "Secret1", "elsewhere"])
    assert started.environment.get("PROXY_PORT") != "1"


def test_the_coordinators_are_one_process_with_a_port_each(folder: Folder, server: Server) -> None:
    state = members(folder)[Role.COORDINATORS]
    started = launch(folder, state, server, PARTS)
    assert started.command[:3] == ("/c/milvus", "run", "mixture")
    ports = {name: started.environment[f"{name}_PORT"] for name in ("ROOTCOORD", "QUERYCOORD", "DATACOORD")}
    assert ports == {
        "ROOTCOORD": str(state.ports["main"]),
        "QUERYCOORD": str(state.ports["query"]),
        "DATACOORD": str(state.ports["data"]),
    }


def test_kafka_keeps_its_identity_over_a_restart(folder: Folder, server: Server) -> None:
    state = members(folder)[Role.MESSAGE_QUEUE]
    identity = folder.data(state.name) / "log/meta.properties"
    texts = []
    for _ in range(2):
        launch(folder, state, server, PARTS)
        texts.append(identity.read_text(encoding="ascii"))
    assert texts[0] == texts[1]
    assert re.search(r"^cluster.id=[\w-]{22}$", texts[0], re.MULTILINE)


def test_kafka_starts_without_its_start_up_cache_where_there_is_none(folder: Folder, server: Server) -> None:
    state = members(folder)[Role.MESSAGE_QUEUE]
    cold = Dependencies(PARTS.etcd, PARTS.weed, PARTS.java, PARTS.kafka_classpath, None)
    with_cache, without = (launch(folder, state, server, parts).command for parts in (PARTS, cold))
    assert set(with_cache) - set(without) == {"-XX:AOTCache=/c/k.aot"}


def test_every_state_of_the_settings_gets_a_file_of_its_own(folder: Folder, server: Server) -> None:
    there = members(folder)
    first = write_conf(folder, server, 1, there, {"proxy.maxTaskNum": 5, "etcd.endpoints": "not this"})
    second = write_conf(folder, server, 2, there, {"proxy.maxTaskNum": 6})
    trees = [yaml.safe_load((conf / "milvus.yaml").read_text(encoding="utf-8")) for conf in (first, second)]
    assert [tree["proxy"]["maxTaskNum"] for tree in trees] == [5, 6]
    assert trees[0]["etcd"]["endpoints"] == f"127.0.0.1:{there[Role.ETCD].ports['main']}"
    assert trees[0]["kafka"]["brokerList"] == f"127.0.0.1:{there[Role.MESSAGE_QUEUE].ports['main']}"
    assert trees[0]["minio"]["port"] == there[Role.OBJECT_STORE].ports["main"]
    assert [trees[0]["minio"][key] for key in ("accessKeyID", "secretAccessKey")] == secrets_of(folder)
    assert trees[0]["proxy"]["port"] == 19530
    assert (first / "glog.conf").read_text(encoding="ascii") == "--minloglevel=0\n"


def test_two_clusters_of_one_name_have_other_aliases_and_other_keys(tmp_path: Path, server: Server) -> None:
    commands_of, keys = [], []
    for home in ("a", "b"):
        folder = Folder(tmp_path / home / "dev")
        folder.create()
        prepare(folder)
        commands_of.append(launch(folder, members(folder)[Role.PROXY], server, PARTS).command)
        keys.append(secrets_of(folder))
    assert commands_of[0][-1] != commands_of[1][-1]
    assert not set(keys[0]) & set(keys[1])


def test_what_milvus_leaves_outside_of_its_folder_is_found_by_its_pid(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_MILVUS_TMP", tmp_path)
    for name in ("server_id_71", "server_id_7", "server_id_712"):
        (tmp_path / name).touch()
    state = members(folder)[Role.PROXY]
    ended = MemberState(state.name, state.role, 1, "2.3.5", "", state.ports, Process(71, 1))
    assert leftovers(folder, ended) == [tmp_path / "server_id_71"]
    assert leftovers(folder, state) == []
    assert leftovers(folder, members(folder)[Role.ETCD]) == []
    commands.remove(leftovers(folder, ended) * 2)
    assert sorted(path.name for path in tmp_path.glob("server_id*")) == ["server_id_7", "server_id_712"]
