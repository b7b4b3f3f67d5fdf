"""What a run may leave on this machine, looked at from outside: processes, listening ports, temporary files.

Other programs on the machine come and go meanwhile, so a process counts when its environment, its command line or its
working directory names the tests' own home, a port when such a process or none at all owns it, and a temporary file
when nothing that lives belongs to it. What somebody else's living program had to do with at the first look is theirs,
also once that has ended.
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
    """Everything of ours that is there at one moment, and the pids of everybody else's programs.

    A file comes with the pid that it names, 0 where it names none.
    """

    processes: frozenset[str]
    ports: frozenset[int]
    files: frozenset[tuple[str, int]]
    others: frozenset[int]

    def beyond(self, before: Machine) -> str:
        """Say what is there now and was not before; empty if nothing."""
        files = {name for name, pid in self.files - before.files if pid not in before.others}
        found = (self.processes - before.processes, self.ports - before.ports, files)
        return "" if not any(found) else "; ".join(f"{sorted(map(str, part))}" for part in found)


def look() -> Machine:
    """Look at this machine."""
    home = os.environ["HARNESS_HOME"]
    ours = {pid: told for pid in psutil.pids() if pid != os.getpid() and (told := _told(pid, home))}
    listening = {c.laddr[1]: c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr}
    ports = {port for port, pid in listening.items() if pid is None or pid in ours}
    there = [file for place in _PLACES if place.exists() for file in place.iterdir()]
    files = {(str(file), _pid_of(file)) for file in there if _is_left(file, set(listening))}
    processes = frozenset(f"{pid} {told}" for pid, told in ours.items())
    return Machine(processes, frozenset(ports), frozenset(files), frozenset(set(psutil.pids()) - set(ours)))


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
    if found := _SOCKET.fullmatch(file.name):
        return int(found.group(1)) not in ports
    pid = _pid_of(file)
    return bool(pid) and not psutil.pid_exists(pid)


def _pid_of(file: Path) -> int:
    """Return the pid that a file is named after or holds, 0 where there is none."""
    if found := _PID_FILE.fullmatch(file.name):
        return int(found.group(1))
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="ascii").strip()) if file.suffix == ".pid" else 0
    return 0
