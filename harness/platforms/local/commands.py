"""How each role is started: its ports, its command line, its environment, its files."""

from __future__ import annotations

import base64
import json
import os
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.cluster import Role
from harness.platforms.local.kafka_parts import KAFKA_JVM
from harness.platforms.local.parts import Dependencies, Server
from harness.platforms.process import Process
from harness.platforms.settings import layered
from harness.platforms.state import Folder, MemberState

PORTS: Mapping[Role, tuple[str, ...]] = {
    Role.ETCD: ("main", "peer"),
    Role.OBJECT_STORE: (
        *("main", "s3.grpc", "master", "master.grpc", "volume"),
        *("volume.grpc", "filer", "filer.grpc", "admin", "admin.grpc"),
    ),
    Role.MESSAGE_QUEUE: ("main", "controller"),
    Role.COORDINATORS: ("main", "query", "data", "metrics"),
    Role.PROXY: ("main", "internal", "metrics"),
    Role.QUERY_NODE: ("main", "metrics"),
    Role.DATA_NODE: ("main", "metrics"),
    Role.INDEX_NODE: ("main", "metrics"),
}
_BUCKET = "milvus"
_MILVUS_TMP = Path("/tmp/milvus")  # noqa: S108 - Milvus's own choice
_MILVUS_ARGUMENTS = {
    Role.COORDINATORS: ("mixture", "-rootcoord", "-querycoord", "-datacoord", "-indexcoord"),
}
_PORT_VARIABLES = {
    Role.PROXY: {"PROXY_PORT": "main", "PROXY_INTERNALPORT": "internal"},
    Role.QUERY_NODE: {"QUERYNODE_PORT": "main"},
    Role.DATA_NODE: {"DATANODE_PORT": "main"},
    Role.INDEX_NODE: {"INDEXNODE_PORT": "main"},
    Role.COORDINATORS: {"ROOTCOORD_PORT": "main", "QUERYCOORD_PORT": "query", "DATACOORD_PORT": "data"},
}


@dataclass(frozen=True)
class Launch:
    """What starts a member."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


def prepare(folder: Folder) -> None:
    """Write what the dependencies need once: the object store's key and Kafka's identity."""
    identity = {
        "name": "milvus",
        "credentials": [{"accessKey": secrets.token_hex(8), "secretKey": secrets.token_hex(16)}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder.path / "conf" / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="ascii")


def write_conf(
    folder: Folder, server: Server, generation: int, members: Mapping[Role, MemberState], changed: Mapping[str, Any]
) -> Path:
    """Write milvus.yaml for one release and one state of the settings, and return its folder.

    Every change gets a folder of its own: Milvus re-reads its file while it runs, and a member that has not been
    restarted yet must keep what it has.
    """
    conf = folder.path / "conf" / f"{generation}-{server.version}"
    conf.mkdir(exist_ok=True)
    tree = layered(server.template, changed, _wiring(folder, members))
    (conf / "milvus.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    if (logging := server.template.parent / "glog.conf").exists():
        (conf / logging.name).write_bytes(logging.read_bytes())
    return conf


def launch(folder: Folder, state: MemberState, server: Server, dependencies: Dependencies) -> Launch:
    """Return what starts a member."""
    if state.role is Role.ETCD:
        return _etcd(folder, state, dependencies)
    if state.role is Role.OBJECT_STORE:
        return _object_store(folder, state, dependencies)
    if state.role is Role.MESSAGE_QUEUE:
        return _message_queue(folder, state, dependencies)
    return _milvus(folder, state, server)


def leftovers(folder: Folder, state: MemberState) -> list[Path]:
    """Return the files that a member puts outside of its folder, whatever it is told."""
    if state.role is Role.OBJECT_STORE:
        grpc_ports = [port for name, port in state.ports.items() if name.endswith("grpc")]
        return [file for port in grpc_ports for file in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock")]  # noqa: S108 - weed's own choice
    if not state.role.is_milvus:
        return []
    runs = (Path("/run/milvus"), _MILVUS_TMP)
    found = [file for run in runs for file in run.glob(f"*-{_alias(folder, state)}.pid")]
    return found + (pid_files(state.process) if state.process else [])


def pid_files(process: Process) -> list[Path]:
    """Return the files outside of every folder that Milvus names after a process."""
    return list(_MILVUS_TMP.glob(f"server_id_{process.pid}"))


def remove(files: Iterable[Path]) -> None:
    """Remove files; one that is gone already is fine."""
    for file in files:
        file.unlink(missing_ok=True)


def _wiring(folder: Folder, members: Mapping[Role, MemberState]) -> dict[str, Any]:
    def address(role: Role) -> str:
        return f"127.0.0.1:{members[role].ports['main']}"

    identities = json.loads((folder.path / "conf" / "s3.json").read_text(encoding="ascii"))["identities"]
    key = identities[0]["credentials"][0]
    coordinators = members[Role.COORDINATORS].ports
    own_address = {f"{section}.ip": "127.0.0.1" for section in _SECTIONS}
    return own_address | {
        "etcd.use.embed": False,
        "etcd.endpoints": address(Role.ETCD),
        "mq.type": "kafka",
        "kafka.brokerList": address(Role.MESSAGE_QUEUE),
        "common.storageType": "minio",
        "minio.address": "127.0.0.1",
        "minio.port": members[Role.OBJECT_STORE].ports["main"],
        "minio.accessKeyID": key["accessKey"],
        "minio.secretAccessKey": key["secretKey"],
        "minio.bucketName": _BUCKET,
        "minio.cloudProvider": "aws",
        "minio.useVirtualHost": False,
        # 2.3.0 opens an access log in /tmp unless it is told a place.
        "proxy.accessLog.localPath": str(folder.path / "logs"),
        "rootCoord.port": coordinators["main"],
        "queryCoord.port": coordinators["query"],
        "dataCoord.port": coordinators["data"],
    }


_SECTIONS = ("rootCoord", "queryCoord", "dataCoord", "proxy", "queryNode", "dataNode", "indexNode")


def _etcd(folder: Folder, state: MemberState, dependencies: Dependencies) -> Launch:
    client, peer = (f"http://127.0.0.1:{state.ports[name]}" for name in ("main", "peer"))
    command = (
        *(str(dependencies.etcd), f"--data-dir={folder.data(state.name)}/etcd"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"),
        # A killed process loses nothing by it; only a power cut would.
        "--unsafe-no-fsync",
        *("--auto-compaction-mode=revision", "--auto-compaction-retention=1000", "--log-level=warn"),
    )
    return Launch(command, _base_environment())


def _object_store(folder: Folder, state: MemberState, dependencies: Dependencies) -> Launch:
    data = folder.data(state.name)
    ports = {name if name != "main" else "s3": port for name, port in state.ports.items()}
    listening = [f"-{_weed_flag(name)}={port}" for name, port in ports.items()]
    command = (
        *(str(dependencies.weed), "mini", f"-dir={data}", f"-s3.config={folder.path}/conf/s3.json"),
        *(f"-bucket={_BUCKET}", "-webdav=false", "-admin.ui=false", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=0"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-filer.localSocket={folder.path}/f.sock", f"-s3.localSocket={folder.path}/s.sock"),
        *listening,
    )
    return Launch(command, _base_environment() | {"TMPDIR": str(data)})


def _weed_flag(name: str) -> str:
    part, _, grpc = name.partition(".")
    return f"{part}.port.grpc" if grpc else f"{part}.port"


def _message_queue(folder: Folder, state: MemberState, dependencies: Dependencies) -> Launch:
    data = folder.data(state.name)
    data.mkdir(parents=True, exist_ok=True)
    properties = data / "server.properties"
    logs = data / "log"
    logs.mkdir(exist_ok=True)
    properties.write_text(_lines(_kafka_properties(state, logs)), encoding="ascii")
    identity = logs / "meta.properties"
    if not identity.exists():
        ids = {"version": "1", "cluster.id": _kafka_id(), "node.id": "1", "directory.id": _kafka_id()}
        identity.write_text(_lines(ids), encoding="ascii")
    cached = (f"-XX:AOTCache={dependencies.aot_cache}",) if dependencies.aot_cache else ()
    java = (str(dependencies.java), *KAFKA_JVM, *cached, "-cp", dependencies.kafka_classpath)
    return Launch((*java, "kafka.Kafka", str(properties)), _base_environment())


def _kafka_properties(state: MemberState, logs: Path) -> dict[str, str]:
    broker, controller = state.ports["main"], state.ports["controller"]
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.election.timeout.ms": "200",
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "log.dirs": str(logs),
        "log.segment.bytes": "16777216",
        # Milvus writes batches of up to 10 MB.
        "message.max.bytes": "10485760",
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "true",
    }


def _kafka_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


def _lines(properties: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in properties.items())


def _milvus(folder: Folder, state: MemberState, server: Server) -> Launch:
    data = folder.data(state.name)
    environment = _base_environment() | {
        "LD_LIBRARY_PATH": str(server.library_path),
        "MILVUSCONF": state.conf,
        "LOCALSTORAGE_PATH": str(data / "local"),
        "METRICS_PORT": str(state.ports["metrics"]),
    }
    environment |= {name: str(state.ports[port]) for name, port in _PORT_VARIABLES[state.role].items()}
    arguments = _MILVUS_ARGUMENTS.get(state.role, (state.role.value,))
    return Launch((str(server.binary), "run", *arguments, f"-alias={_alias(folder, state)}"), environment)


def _alias(folder: Folder, state: MemberState) -> str:
    return f"{folder.name}-{state.name}-{folder.path.stat().st_ino}"


def _base_environment() -> dict[str, str]:
    """Return what every member gets. Not the user's own: Milvus reads any variable named like a setting."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
