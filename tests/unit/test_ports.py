"""Free ports, outside of what the kernel hands out itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ClusterError
from harness.platforms.local import ports


@contextmanager
def listening(port: int, host: str = "127.0.0.1") -> Iterator[int]:
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen(1)
        yield server.getsockname()[1]


def test_ports_are_free_each_another_and_below_the_kernels_own() -> None:
    found = ports.free_ports(20, near="a")
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    assert len(set(found)) == 20
    assert all(11_000 <= port < max(lowest, 13_000) for port in found)
    assert all(map(ports.is_free, found))


def test_the_search_begins_where_the_name_says_and_skips_what_is_taken() -> None:
    first = ports.free_ports(3, near="a")
    assert ports.free_ports(3, near="b") != first
    assert not set(ports.free_ports(3, near="a", taken=frozenset(first))) & set(first)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])  # noqa: S104 - Milvus does so itself
def test_a_port_that_somebody_listens_on_is_not_free(host: str) -> None:
    free = ports.free_ports(1, near="listen")[0]
    with listening(free, host):
        assert not ports.is_free(free)
        assert free not in ports.free_ports(5, near="listen")
    assert ports.is_free(free)


def test_a_connection_that_lingers_after_a_server_is_no_hindrance() -> None:
    free = ports.free_ports(1, near="linger")[0]
    with closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", free))
        server.listen(1)
        with closing(socket.create_connection(("127.0.0.1", free))):
            accepted, _ = server.accept()
            accepted.close()  # the side that closes first keeps the port in TIME_WAIT
    assert ports.is_free(free)


def test_too_few_free_ports_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port % 1000 == 0)
    with pytest.raises(ClusterError, match=r"only \d+ of 1000 ports are free \(ports 11000 to \d+\)") as error:
        ports.free_ports(1000, near="a")
    assert "harness down" in error.value.mend


def test_a_kernel_without_ipv6_is_asked_for_ipv4_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = socket.socket

    def without_ipv6(family: int, *arguments: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return plain(family, *arguments)

    free = ports.free_ports(1, near="four")[0]
    with listening(free):
        monkeypatch.setattr(socket, "socket", without_ipv6)
        assert not ports.is_free(free)
    assert ports.is_free(free)
