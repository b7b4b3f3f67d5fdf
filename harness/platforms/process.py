"""Processes that outlive the command that started them, and how to be sure which is which."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from tenacity import retry as retrying
from tenacity import retry_if_result, stop_after_delay, wait_fixed

# Every process of a cluster carries its folder in the environment, so that one that was started a moment
# before its harness was killed, and is in no file yet, can still be found.
TAG = "MILVUS_HARNESS_CLUSTER"
# A load generator carries the process that started it instead, as `pid-started`.
OWNER = "MILVUS_HARNESS_OWNER"
_POLL_S = 0.02
_QUIET_LOOKS = 2
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A process by its pid and its start in clock ticks since boot: together never used twice."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Return the process that has this pid now, None where there is none or it has ended."""
        with suppress(OSError, ValueError, IndexError):
            _reap(pid)
            # Fields after the name, which may itself hold spaces and brackets: proc(5).
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if fields[0] not in "ZX":
                return cls(pid, int(fields[19]))
        return None

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (or is paused)."""
        return Process.of(self.pid) == self

    @property
    def paused(self) -> bool:
        """Whether it is stopped by SIGSTOP."""
        with suppress(psutil.Error):
            return self.alive and bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        return False

    @property
    def rss_bytes(self) -> int:
        """Resident memory, 0 where it has ended."""
        with suppress(psutil.Error):
            return int(psutil.Process(self.pid).memory_info().rss) if self.alive else 0
        return 0

    @property
    def uptime_s(self) -> float:
        """Seconds since its start, by the kernel's clock; 0 where it has ended."""
        up_s = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        return max(0.0, up_s - self.started / _CLOCK_TICKS) if self.alive else 0.0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended already gets none."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait_gone(self, timeout_s: float) -> bool:
        """Wait until it has ended; False where the time runs out first."""
        waiting = retrying(
            retry=retry_if_result(bool),
            stop=stop_after_delay(timeout_s),
            wait=wait_fixed(_POLL_S),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else True,
        )
        return not waiting(lambda: self.alive)()


def spawn(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str], tag: Path) -> Process:
    """Start a process in a session of its own, its output appended to a log; it outlives its starter."""
    folder.mkdir(parents=True, exist_ok=True)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            # posix_spawn has no working directory; the shell sets it and becomes the program, pid unchanged.
            ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(folder), *command],
            {**environment, TAG: str(tag)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, out, 1),
                (os.POSIX_SPAWN_DUP2, out, 2),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
        )
    finally:
        os.close(out)
    return Process.of(pid) or Process(pid, -1)


def tagged(name: str = TAG) -> Iterator[tuple[Process, str]]:
    """Yield every process of this user that carries the environment variable `name`, with its value."""
    for pid in psutil.pids():
        with suppress(OSError):
            for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                key, _, value = entry.partition(b"=")
                if key == name.encode() and (process := Process.of(pid)):
                    yield process, value.decode(errors="replace")


def owner_mark() -> str:
    """Return what marks the processes that belong to this one."""
    me = Process.of(os.getpid())
    return f"{me.pid}-{me.started}" if me else ""


def orphans() -> list[Process]:
    """Return the load generators and yardsticks whose owner is gone."""
    found = []
    for process, owner in tagged(OWNER):
        pid, _, started = owner.partition("-")
        if pid.isdecimal() and started.isdecimal() and not Process(int(pid), int(started)).alive:
            found.append(process)
    return found


def end_all(processes: Sequence[Process], timeout_s: float = 10) -> list[Process]:
    """SIGKILL all of them, also the paused ones, and return those that are still there after the time."""
    for process in processes:
        process.signal(signal.SIGKILL)
    return [process for process in processes if not process.wait_gone(timeout_s)]


def end_tagged(value: str, timeout_s: float = 10) -> tuple[list[Process], list[Process]]:
    """SIGKILL every process that carries this tag; return all that were found, and those still there after the time.

    One that is just becoming another program shows no environment for a moment, so two looks in a row must find none.
    """
    found: list[Process] = []
    stuck: list[Process] = []
    quiet = 0

    def settled() -> bool:
        nonlocal quiet
        there = [process for process, tag in tagged() if tag == value and process not in stuck]
        found.extend(there)
        stuck.extend(end_all(there, timeout_s))
        quiet = 0 if there else quiet + 1
        return quiet == _QUIET_LOOKS

    retrying(retry=retry_if_result(lambda done: not done), wait=wait_fixed(_POLL_S))(settled)()
    return found, stuck


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
