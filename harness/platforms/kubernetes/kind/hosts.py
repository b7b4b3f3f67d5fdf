"""The kind clusters that the harness made: each in a folder of its own, with whose it is, before it is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import BadInput, HarnessError
from harness.platforms.kubernetes.kind import kind
from harness.platforms.kubernetes.options import KindOptions
from harness.platforms.process import Process, end_all, tagged
from harness.platforms.state import clusters_home
from harness.platforms.trash import remove_folder


@dataclass(frozen=True)
class Host:
    """A kind cluster. `owner` is the process it ends with; None: it ends with the last Milvus on it."""

    name: str
    owner: Process | None
    made: bool
    port: int = 0
    existing: str = ""

    @property
    def folder(self) -> Path:
        """Where it is written down."""
        return _home() / self.name

    @property
    def kind_name(self) -> str:
        """What kind calls it."""
        return self.existing or kind.PREFIX + self.name

    @property
    def kubeconfig(self) -> Path:
        """Its own kubeconfig: the user's is never touched."""
        return self.folder / "kubeconfig"

    @property
    def is_there(self) -> bool:
        """Whether kind knows it: somebody may have deleted it by hand. Errors: ClusterError."""
        return self.kind_name in kind.names()

    def write(self) -> Host:
        """Write it down."""
        beside = self.folder.with_name(f".{self.name}.{os.getpid()}")
        beside.mkdir(mode=0o700, parents=True, exist_ok=True)
        (beside / "kind.json").write_bytes(_HOST.dump_json(self))
        if self.folder.exists():
            (beside / "kind.json").replace(self.folder / "kind.json")
            beside.rmdir()
        else:
            beside.rename(self.folder)  # with its owner from the first moment on
        return self

    def keep(self) -> Host:
        """Let it outlive this process."""
        return replace(self, owner=None).write()

    def remove(self) -> None:
        """Remove it, where the harness made it, and what was written down. Errors: ClusterError."""
        # A kind command that outlived a killed harness would go on making it.
        end_all([process for process, tag in tagged() if tag == str(self.folder)])
        if self.made:
            kind.delete(self.name, self.kubeconfig)
        remove_folder(self.folder)


_HOST = TypeAdapter(Host)


def refuse_taken(name: str, options: KindOptions) -> None:
    """Refuse a name that another kind cluster has, the harness's or not. Errors: BadInput, ClusterError."""
    if (_home() / name).exists():
        mend = f"harness down {name}, harness heal, or take another name"
        raise BadInput(f"there is a kind cluster {name!r} already", where=str(_home() / name), mend=mend)
    if not options.existing and kind.PREFIX + name in kind.names():
        mend = f"kind delete cluster --name {kind.PREFIX}{name}, use it with kind.existing, or take another name"
        raise BadInput(f"there is a kind cluster {kind.PREFIX}{name} of somebody's", where="kind", mend=mend)


def make(name: str, options: KindOptions, *, needs_port: bool = True) -> Host:
    """Make a kind cluster, or use the one that the options name. Errors: BadInput, ClusterError.

    `needs_port`: clients are to come in through a node port, which the cluster must map.
    """
    refuse_taken(name, options)
    host = Host(name, Process.of(os.getpid()), made=not options.existing, existing=options.existing).write()
    try:
        make_it = partial(kind.use, needs_port=needs_port) if options.existing else partial(kind.create, name)
        port = make_it(options, host.kubeconfig)
    except BaseException as error:
        # Somebody may have made one of that name a moment ago.
        mine = replace(host, made=host.made and kind.EXISTS not in str(error))
        with suppress(HarnessError):  # what can't be removed now is left to heal; why it failed comes first
            mine.remove()
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
    there = sorted(p for p in _home().iterdir() if p.name[0] != ".") if _home().exists() else []
    for path in there:
        host = find(path.name)
        if host is None:
            yield Host(path.name, None, made=True)  # killed before it was written, or not readable: it was ours
        elif host.owner and not host.owner.alive:
            yield host


def _home() -> Path:
    return clusters_home().with_name("kind")
