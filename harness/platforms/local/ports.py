"""Free ports for a cluster's members, in a range from which the kernel takes none for outgoing connections."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from harness.errors import ClusterError

_LOWEST = 11_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int, *, near: str, taken: frozenset[int] = frozenset()) -> list[int]:
    """Return `count` free ports, none in `taken`. The search starts at a place that the text `near` decides.

    Clusters with other names start elsewhere, so that two that come up at once rarely want the same port.
    Errors: ClusterError when there are not enough.
    """
    found: list[int] = []
    for port in _candidates(near):
        if port not in taken and is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise ClusterError(
        f"only {len(found)} of {count} ports are free",
        where=f"ports {_LOWEST} to {_highest()}",
        mend="end a cluster (harness status, harness down NAME)",
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port on every address, as Milvus does."""
    with closing(_socket()) as probe:
        # As Milvus, etcd and Kafka do: a connection that lingers after a member's death is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _socket() -> socket.socket:
    """Return a socket for both families, or for IPv4 where the kernel was started without IPv6."""
    try:
        both = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    except OSError:
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return both


def _candidates(near: str) -> Iterator[int]:
    span = _highest() - _LOWEST
    start = zlib.crc32(near.encode()) % span
    return (_LOWEST + (start + step) % span for step in range(span))


def _highest() -> int:
    lowest_ephemeral = int(_EPHEMERAL.read_text(encoding="ascii").split()[0])
    return max(lowest_ephemeral, _LOWEST + 2_000)
