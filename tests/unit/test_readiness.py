"""When a member is ready; and if it is not, the one line of its log that tells why."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from harness.cluster import Role, roles_of
from harness.errors import ClusterError
from harness.platforms.local import readiness
from harness.platforms.local.commands import PORTS
from harness.platforms.local.readiness import is_ready, stay, wait, why
from harness.platforms.process import Process, end_all, spawn
from harness.platforms.state import MemberState
from harness.platforms.waiting import until

# What the real programs say when they give up, each in its own dress, with harmless lines around it.
LOGS = {
    "disk": (
        '{"level":"fatal","error":"write /d/0.wal: no space left on device"}\n[ERROR] giving up\n',
        "no space left on device",
        "free some disk space",
    ),
    "port": (
        "[INFO] [proxy] starting\n[ERROR] [grpc] listen tcp :19530: bind: address already in use\npanic: boom\n",
        "address already in use",
        "another process took the port",
    ),
    "kafka's port": (
        "[2024-01-01] ERROR Failed to listen on 127.0.0.1:9092\njava.lang.RuntimeException: stop\n",
        "Failed to listen",
        "another process took the port",
    ),
    "cpu": ("/x/milvus: cannot execute binary file: Exec format error\n", "Exec format error", "this machine's CPU"),
    "library": (
        "/x/milvus: error while loading shared libraries: libknowhere.so: cannot open shared object file\n",
        "libknowhere.so",
        "read the log",
    ),
    "memory": (
        "INFO starting\njava.lang.OutOfMemoryError: Java heap space\nERROR halted\n",
        "OutOfMemoryError",
        "free some memory",
    ),
    "rights": ("mkdir /data: permission denied\n[ERROR] exit\n", "permission denied", "read the log"),
    "panic": (
        "[ERROR] first\npanic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n",
        "panic: runtime error",
        "read the log",
    ),
    "last error": ("[ERROR] one\n[INFO] two\n[ERROR] three\n[INFO] four\n", "[ERROR] three", "read the log"),
    "no reason": ("hello\n\n  good bye  \n\n", "good bye", "read the log"),
}


@pytest.mark.parametrize(("text", "telling", "mend"), LOGS.values(), ids=LOGS)
def test_the_most_telling_line_is_picked(tmp_path: Path, text: str, telling: str, mend: str) -> None:
    log = tmp_path / "log"
    log.write_text(text, encoding="utf-8")
    said, how = why(log)
    assert telling in said
    assert said in [line.strip() for line in text.splitlines()]
    assert mend in how


def test_a_log_that_is_empty_or_missing_says_so(tmp_path: Path) -> None:
    assert why(tmp_path / "none")[0] == "it wrote no log"
    (tmp_path / "log").write_text("\n \n", encoding="ascii")
    assert why(tmp_path / "log")[0] == "it wrote no log"


def test_of_a_long_log_only_the_end_is_read_and_of_a_long_line_only_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"no space left on device\n" + b"x" * 300_000 + b"\n\xff\xfe odd bytes \n[ERROR] " + b"y" * 1000)
    said, _ = why(log)
    assert said == "[ERROR] " + "y" * 292


def test_waiting_ends_once_the_condition_holds_or_the_time_is_over() -> None:
    answers = iter([False, False, True])
    assert until(lambda: next(answers), 5)
    assert not until(lambda: False, 0.1)
    assert until(lambda: True, 0)


class _Answering(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def etcd(status: int) -> Iterator[int]:
    handler = type("Handler", (_Answering,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def state(role: Role, port: int, process: Process | None = None, name: str = "m") -> MemberState:
    return MemberState(name, role, 1, "2.3.5", "", dict.fromkeys(PORTS[role], port), process)


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_etcd_is_ready_when_it_says_that_it_is_healthy(status: int, ready: bool) -> None:
    with etcd(status) as port:
        assert is_ready(state(Role.ETCD, port)) is ready


def test_what_listens_is_ready_where_no_more_can_be_asked() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert is_ready(state(Role.MESSAGE_QUEUE, port))
        assert is_ready(state(Role.OBJECT_STORE, port))
    assert not is_ready(state(Role.MESSAGE_QUEUE, port))


@pytest.mark.parametrize("role", roles_of("2.3.5"))
def test_where_nothing_listens_no_role_is_ready(role: Role) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert not is_ready(state(role, port))


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    one = spawn(
        ["sleep", "60"], folder=tmp_path, log=tmp_path / "m.log", environment={"PATH": "/bin:/usr/bin"}, tag=tmp_path
    )
    yield one
    end_all([one])


def test_waiting_for_members_returns_once_all_are_ready(
    tmp_path: Path, sleeper: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ready(one: MemberState) -> bool:
        asked.append(one.name)
        return asked.count(one.name) >= (3 if one.name == "slow" else 1)

    monkeypatch.setattr(readiness, "is_ready", ready)
    states = [state(Role.PROXY, 1, sleeper, "quick"), state(Role.PROXY, 1, sleeper, "slow")]
    wait(states, lambda name: tmp_path / f"{name}.log", 5)
    assert asked.count("slow") == 3
    assert asked.count("quick") == 1


def test_a_member_that_ends_while_starting_is_told_at_once_with_its_reason(
    tmp_path: Path, sleeper: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "is_ready", lambda _: False)
    (tmp_path / "dead.log").write_text("panic: no room\n", encoding="ascii")
    states = [state(Role.ETCD, 1, sleeper, "waits"), state(Role.PROXY, 1, None, "dead")]
    with pytest.raises(ClusterError) as told:
        wait(states, lambda name: tmp_path / f"{name}.log", 60)
    assert str(told.value) == f"dead ended while starting: panic: no room ({tmp_path}/dead.log): read the log"


def test_a_member_that_is_too_slow_is_told_and_its_dependency_is_blamed_first(
    tmp_path: Path, sleeper: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "is_ready", lambda _: False)
    states = [state(Role.PROXY, 1, sleeper, "proxy-1"), state(Role.ETCD, 1, sleeper, "etcd-1")]
    with pytest.raises(ClusterError, match="etcd-1 was not ready after 0 s: it wrote no log"):
        wait(states, lambda name: tmp_path / f"{name}.log", 0.1)


def test_a_member_that_stays_is_waited_for_and_one_that_ends_meanwhile_is_an_error(
    tmp_path: Path, sleeper: Process
) -> None:
    stay(state(Role.PROXY, 1, sleeper), tmp_path / "m.log", 0.05)
    end_all([sleeper])
    (tmp_path / "m.log").write_text("[FATAL] lost its session\n", encoding="ascii")
    with pytest.raises(ClusterError, match=r"m ended .* lost its session"):
        stay(state(Role.PROXY, 1, sleeper), tmp_path / "m.log", 0.05)
