"""Makes, finds and clears away the clusters of this machine's user."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.cluster import ClusterSpec
from harness.errors import BadInput, ClusterError
from harness.faults.journal import Journal
from harness.platforms.local import settings
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.parts import milvus_server
from harness.platforms.local.process import Process, end_all, orphans, tagged
from harness.platforms.local.state import ClusterState, Folder, clusters_home
from harness.platforms.local.trash import remove_folder

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
# A Unix socket's path ends at 108 bytes (unix(7)); SeaweedFS's two lie right in the cluster's folder.
_FOLDER_CHARS = 100
# A cluster writes some 300 MB in a run; half a gigabyte more is what etcd and Kafka want to see free.
_DISK_BYTES = 1 << 30


class LocalPlatform:
    """The platform `local`: real processes, no daemon, a folder for each cluster."""

    name = "local"

    def check(self, spec: ClusterSpec) -> None:
        """Refuse what could not be made, before anything is. Errors: BadInput, ClusterError."""
        if not _NAME.fullmatch(spec.name):
            raise BadInput(
                f"{spec.name!r} can't be a cluster's name", where="name", mend="take a-z, 0-9 and -, at most 40"
            )
        path = clusters_home() / spec.name
        if len(str(path)) > _FOLDER_CHARS:
            raise BadInput(
                f"the cluster's folder has more than {_FOLDER_CHARS} characters",
                where=str(path),
                mend="set HARNESS_HOME to a shorter path",
            )
        settings.profile_settings(spec.profile)
        settings.check_keys(settings.typed(spec.settings), milvus_server(spec.milvus).template)
        _check_disk(path)

    def create(self, spec: ClusterSpec, *, keep: bool) -> LocalCluster:
        """Make a cluster and return once it is ready; a failure leaves nothing. Errors: BadInput, ClusterError."""
        self.check(spec)
        folder = Folder(clusters_home() / spec.name)
        _claim(folder, ClusterState(spec, owner=Process.of(os.getpid()), settings=spec.settings))
        cluster = LocalCluster(folder)
        try:
            with Journal(cluster.journal).step("create the cluster"):
                cluster.create()
        except BaseException:
            cluster.destroy()
            raise
        if keep:
            self.keep(spec.name)
        return cluster

    def keep(self, name: str) -> None:
        """Let a cluster outlive this process: heal leaves it alone from now on."""
        Folder(clusters_home() / name).update(owner=None)

    def open(self, name: str) -> LocalCluster:
        """Return a cluster that exists. Errors: BadInput."""
        folder = Folder(clusters_home() / name)
        folder.read()
        return LocalCluster(folder)

    def open_anyway(self, name: str) -> LocalCluster:
        """Return a cluster even if its state can't be read: good enough to destroy it."""
        return LocalCluster(Folder(clusters_home() / name))

    def is_kept(self, name: str) -> bool:
        """Whether a cluster was left up on purpose."""
        return Folder(clusters_home() / name).read().owner is None

    def names(self) -> list[str]:
        """Return the names of all clusters there are."""
        return sorted(path.name for path in _folders())

    def heal(self) -> list[str]:
        """Remove whatever a killed run left and say what it was; what still belongs to somebody stays."""
        done = [
            f"cluster {folder.name}" for folder in map(Folder, _folders()) if _abandoned(folder) and _remove(folder)
        ]
        for beside in clusters_home().glob(".*"):
            if _abandoned(Folder(beside)):
                remove_folder(beside)
        lost = orphans() + [process for process, tag in tagged() if not Path(tag).exists()]
        end_all(lost)
        return done + [f"process {process.pid}" for process in lost]


def _folders() -> Iterator[Path]:
    home = clusters_home()
    there = home.iterdir() if home.exists() else iter(())
    return (path for path in there if path.is_dir() and not path.name.startswith("."))


def _claim(folder: Folder, state: ClusterState) -> None:
    """Make a cluster's folder and say whose it is, in one step: heal never sees one without an owner."""
    beside = Folder(folder.path.with_name(f".{folder.name}.{os.getpid()}"))
    beside.create()
    beside.write(state)
    try:
        beside.path.rename(folder.path)
    except OSError:
        remove_folder(beside.path)
        raise BadInput(
            f"there is a cluster {folder.name!r} already",
            where=str(folder.path),
            mend=f"harness down {folder.name}, or take another name",
        ) from None


def _abandoned(folder: Folder) -> bool:
    """Whether nobody will end this cluster: its owner died, or its state can't be read."""
    try:
        owner = folder.read().owner
    except BadInput:
        return not folder.path.name.startswith(".")
    return owner is not None and not owner.alive


def _remove(folder: Folder) -> bool:
    LocalCluster(folder).destroy()
    return True


def _check_disk(path: Path) -> None:
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < _DISK_BYTES:
        raise ClusterError(
            f"only {free / 1e6:.0f} MB of disk are free, a cluster needs {_DISK_BYTES / 1e6:.0f} MB",
            where=str(there),
            mend="free some space, or set HARNESS_HOME to another disk",
        )
