"""What a run may leave on this machine, looked at from outside: processes, listening ports, temporary files.

Other programs on the machine come and go meanwhile, so a process counts when its environment, its command line or its
working directory names the tests' own home, a port when such a process or none at all owns it, and a temporary file
when nothing that lives belongs to it.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

# Where the programs of a cluster put files of their own choice.
_PLACES = (Path("/tmp"), Path("/tmp/milvus"), Path("/run/milvus"))  # noqa: S108 - their choice
_PID_FILE = re.compile(r"server_id_(\d+)")
_SOCKET = re.compile(r"seaweedfs-.*-grpc-(\d+)\.sock")


@dataclass(frozen=True)
class Machine:
    """Everything of ours that is there at one moment."""

    processes: frozenset[str]
    ports: frozenset[int]
    files: frozenset[str]

    def beyond(self, before: Machine) -> str:
        """Say what is there now and was not before; empty if nothing."""
        found = (self.processes - before.processes, self.ports - before.ports, self.files - before.files)
        return "" if not any(found) else "; ".join(f"{sorted(map(str, part))}" for part in found)


def look() -> Machine:
    """Look at this machine."""
    home = os.environ["HARNESS_HOME"]
    ours = {pid: told for pid in psutil.pids() if pid != os.getpid() and (told := _told(pid, home))}
    listening = {c.laddr[1]: c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr}
    ports = {port for port, pid in listening.items() if pid is None or pid in ours}
    files = {str(f) for place in _PLACES if place.exists() for f in place.iterdir() if _is_left(f, set(listening))}
    return Machine(frozenset(f"{pid} {told}" for pid, told in ours.items()), frozenset(ports), frozenset(files))


def _told(pid: int, home: str) -> str:
    """Return a process's command line where it is ours and lives."""
    with suppress(OSError, psutil.Error):
        process, folder = psutil.Process(pid), Path(f"/proc/{pid}")
        command = " ".join(process.cmdline())
        named = (folder / "environ").read_bytes().decode(errors="replace") + command + str((folder / "cwd").readlink())
        # The test's own helpers carry the home too, as whatever it starts.
        if home in named and process.status() != psutil.STATUS_ZOMBIE:
            return command or process.name()
    return ""


def _is_left(file: Path, ports: set[int]) -> bool:
    if found := _PID_FILE.fullmatch(file.name):
        return not psutil.pid_exists(int(found.group(1)))
    if found := _SOCKET.fullmatch(file.name):
        return int(found.group(1)) not in ports
    if file.suffix == ".pid":
        with suppress(OSError, ValueError):
            return not psutil.pid_exists(int(file.read_text(encoding="ascii").strip()))
    return False
