"""How much processor time a kind cluster takes from this machine: that of its nodes' containers and their ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.errors import ClusterError
from harness.platforms.kubernetes.access.programs import run

_INSPECT_S = 20.0
_ABOUT = "{{.State.Pid}} {{.Id}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}"
_CGROUPS = Path("/sys/fs/cgroup")
# The program of Docker's that carries what is sent to a mapped port into the container.
_PROXY = "docker-proxy"


class Meter:
    """Reads the clocks of work of some containers. Where they are on no kernel of ours it knows of none."""

    def __init__(self, containers: Iterable[str]) -> None:
        found = {name: _Container.find(name) for name in containers}
        self._containers = {name: container for name, container in found.items() if container}
        self.knows_all = len(self._containers) == len(found)

    def read_s(self) -> Mapping[str, float]:
        """Return the processor time of each container and its ports since they were started, over all cores."""
        read = {name: container.read_s() for name, container in self._containers.items()}
        return {name: spent for name, spent in read.items() if spent is not None}


@dataclass(frozen=True)
class _Container:
    """The file that counts a container's work, and who works outside of it on its behalf."""

    clock: Path
    proxies: tuple[psutil.Process, ...]

    @classmethod
    def find(cls, name: str) -> _Container | None:
        """Return None where it is on no kernel of ours."""
        with suppress(ClusterError, OSError):
            pid, container, *addresses = run(
                ["docker", "inspect", "--format", _ABOUT, name], timeout_s=_INSPECT_S
            ).split()
            clock = clock_of(Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8"), container)
            if clock and clock.exists():
                return cls(clock, tuple(proxies_of(addresses)))
        return None

    def read_s(self) -> float | None:
        """Return seconds over all cores, None while the container is stopped."""
        spent = _read_s(self.clock)
        return None if spent is None else spent + sum(map(_spent_s, self.proxies))


def proxies_of(addresses: Sequence[str]) -> Iterator[psutil.Process]:
    """Yield the processes that carry what is sent to this machine's ports to containers with these addresses."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == _PROXY and not set(addresses).isdisjoint(process.info["cmdline"] or ()):
            yield process


def clock_of(cgroups: str, container: str) -> Path | None:
    """Return the file that counts a container's work, out of its first process's /proc/PID/cgroup.

    cgroup v1 counts nanoseconds in cpuacct.usage, v2 microseconds in cpu.stat; both include what lies below.
    """
    for line in cgroups.splitlines():
        _, controllers, path = line.split(":", 2)
        own = re.match(rf"/(.*{container}(\.scope)?)", path)
        if own and "cpuacct" in controllers.split(","):
            return _CGROUPS / controllers / own.group(1) / "cpuacct.usage"
        if own and not controllers:
            return _CGROUPS / own.group(1) / "cpu.stat"
    return None


def _spent_s(process: psutil.Process) -> float:
    with suppress(psutil.Error):  # it ends with its container
        spent = process.cpu_times()
        return float(spent.user + spent.system)
    return 0.0


def _read_s(clock: Path) -> float | None:
    with suppress(OSError):  # a stopped node has none
        text = clock.read_text(encoding="ascii")
        if clock.name == "cpuacct.usage":
            return int(text) / 1e9
        return int(text.partition("usage_usec ")[2].split()[0]) / 1e6
    return None
