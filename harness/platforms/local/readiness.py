"""When a member is ready, and, when it isn't, why not: the reason from its own log."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from harness.cluster import Role
from harness.errors import ClusterError
from harness.platforms import admin
from harness.platforms.reasons import telling
from harness.platforms.state import MemberState
from harness.platforms.waiting import until

_LOG_TAIL_BYTES = 200_000


def is_ready(state: MemberState) -> bool:
    """Whether a member answers as one that is ready does."""
    if state.role.is_milvus:
        return admin.is_healthy(state.role, state.ports)
    if state.role is Role.ETCD:
        return _http_ok(f"http://127.0.0.1:{state.ports['main']}/health")
    return _listens(state.ports["main"])


def wait(states: Sequence[MemberState], log_of: Callable[[str], Path], timeout_s: float) -> None:
    """Wait until all of these members are ready.

    Errors: ClusterError at once when one of them ends, or when the time is over, with the reason from the log of
    the first that isn't ready; dependencies come first, for without them no other one gets ready.
    """
    waiting = sorted(states, key=lambda state: state.role.is_milvus)

    def settled() -> bool:
        waiting[:] = [state for state in waiting if not is_ready(state)]
        return not waiting or any(not state.lives for state in waiting)

    until(settled, timeout_s)
    if waiting:
        state = next((state for state in waiting if not state.lives), waiting[0])
        said, mend = why(log_of(state.name))
        what = f"was not ready after {timeout_s:.0f} s" if state.lives else "ended while starting"
        raise ClusterError(f"{state.name} {what}: {said}", where=str(log_of(state.name)), mend=mend)


def stay(state: MemberState, log: Path, for_s: float) -> None:
    """See a member alive for a time. Errors: ClusterError when it ends meanwhile."""
    process = state.process
    if process is None or process.wait_gone(for_s):
        said, mend = why(log)
        raise ClusterError(f"{state.name} ended {for_s:.0f} s after it was ready: {said}", where=str(log), mend=mend)


def why(log: Path) -> tuple[str, str]:
    """Return the most telling line of a log's end, and what to do about it."""
    lines = _tail(log)
    return telling(lines) or ((lines[-1].strip()[:300] if lines else "it wrote no log"), "read the log")


def _tail(log: Path) -> list[str]:
    with suppress(OSError), log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _LOG_TAIL_BYTES))
        return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return []


def _http_ok(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own http:// address
        return bool(answer.status == 200)
    return False


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
