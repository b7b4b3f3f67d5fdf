"""What a cluster may leave on this machine, looked at from outside: processes, ports, temporary files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Machine:
    """Everything that a run could leave behind, at one moment."""

    processes: frozenset[tuple[int, float]]
    ports: frozenset[int]
    files: frozenset[str]

    def beyond(self, before: Machine) -> str:
        """Say what is there now and was not before; empty if nothing."""
        names = [_name(pid) for pid, _ in self.processes - before.processes]
        found = (sorted(filter(None, names)), sorted(self.ports - before.ports), sorted(self.files - before.files))
        return "" if not any(found) else f"processes {found[0]}, ports {found[1]}, files {found[2]}"


def look() -> Machine:
    """Look at this machine."""
    named = ("milvus", "etcd", "weed", "java", "locust")
    processes = {
        (p.pid, p.info["create_time"])
        for p in psutil.process_iter(["cmdline", "create_time", "status"])
        if p.info["status"] != psutil.STATUS_ZOMBIE and any(name in " ".join(p.info["cmdline"] or ()) for name in named)
    }
    ports = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    places = (Path("/tmp"), Path("/tmp/milvus"), Path("/run/milvus"))
    files = {str(file) for place in places if place.exists() for file in place.iterdir() if _ours(file)}
    return Machine(frozenset(processes), frozenset(ports), frozenset(files))


def _ours(file: Path) -> bool:
    return file.name.startswith(("seaweedfs-", "server_id_", "milvus")) or file.suffix == ".pid"


def _name(pid: int) -> str:
    try:
        return f"{pid} {' '.join(psutil.Process(pid).cmdline())[:80]}"
    except psutil.Error:
        return ""
