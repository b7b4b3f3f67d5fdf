"""The kind clusters that the harness made: each in a folder of its own, with whose it is, before it is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.platforms.kubernetes import kind
from harness.platforms.kubernetes.options import KindOptions
from harness.platforms.process import Process
from harness.platforms.state import clusters_home
from harness.platforms.trash import remove_folder


@dataclass(frozen=True)
class Host:
    """A kind cluster. `owner` is the process it ends with; None: it ends with the last Milvus on it."""

    name: str
    owner: Process | None
    made: bool
    port: int = 0

    @property
    def folder(self) -> Path:
        """Where it is written down."""
        return _home() / self.name

    @property
    def kubeconfig(self) -> Path:
        """Its own kubeconfig: the user's is never touched."""
        return self.folder / "kubeconfig"

    def write(self) -> Host:
        """Write it down."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.folder / "kind.new"
        beside.write_bytes(_HOST.dump_json(self))
        beside.replace(self.folder / "kind.json")
        return self

    def keep(self) -> Host:
        """Let it outlive this process."""
        return replace(self, owner=None).write()

    def remove(self) -> None:
        """Remove it, where the harness made it, and what was written down. Errors: ClusterError."""
        if self.made:
            kind.delete(self.name, self.kubeconfig)
        remove_folder(self.folder)


_HOST = TypeAdapter(Host)


def make(name: str, options: KindOptions) -> Host:
    """Make a kind cluster, or use the one that the options name. Errors: BadInput, ClusterError."""
    host = Host(name, Process.of(os.getpid()), made=not options.existing).write()
    try:
        port = kind.use(options, host.kubeconfig) if options.existing else kind.create(name, options, host.kubeconfig)
    except BaseException:
        host.remove()
        raise
    return replace(host, port=port).write()


def find(name: str) -> Host | None:
    """Return a kind cluster that was written down."""
    try:
        return _HOST.validate_json((_home() / name / "kind.json").read_bytes())
    except (OSError, ValidationError):
        return None


def abandoned() -> Iterator[Host]:
    """Yield those whose owner died."""
    there = sorted(_home().iterdir()) if _home().exists() else []
    for path in there:
        host = find(path.name) or Host(path.name, None, made=True)
        if not (path / "kind.json").exists() or (host.owner and not host.owner.alive):
            yield host


def _home() -> Path:
    return clusters_home().with_name("kind")
