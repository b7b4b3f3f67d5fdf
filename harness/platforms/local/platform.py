"""Makes, finds and clears away the clusters of this machine's user."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from harness.cluster import DEPENDENCIES, ClusterSpec, Durations
from harness.errors import BadInput, ClusterError
from harness.journal import Journal
from harness.platforms import home, settings
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.parts import milvus_server
from harness.platforms.local.small_machine import laid_over
from harness.platforms.process import Process
from harness.platforms.state import ClusterState, Folder, clusters_home
from harness.verbs import Breakable, Changeable

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
# A Unix socket's path ends at 108 bytes (unix(7)); SeaweedFS's two lie right in the cluster's folder.
_FOLDER_CHARS = 100
# A cluster writes some 300 MB in a run; half a gigabyte more is what etcd and Kafka want to see free.
_DISK_BYTES = 1 << 30


class LocalPlatform:
    """The platform `local`: real processes, no daemon, a folder for each cluster."""

    name = "local"
    durations = Durations()
    verbs = (Breakable, Changeable)
    dependencies = DEPENDENCIES
    notice = "Milvus listens on every address of this machine; see docs/reference.md"

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

    def intent(self, spec: ClusterSpec) -> tuple[str, ...]:
        """Say what would be done."""
        processes = sum(spec.topology.count(role) for role in spec.roles)
        return (
            f"start {processes} processes of Milvus {spec.milvus} and its dependencies, settings {spec.profile}",
            f"keep their data and logs in {clusters_home() / spec.name}",
            f"harness down {spec.name} removes all of it",
        )

    def create(self, spec: ClusterSpec, *, keep: bool) -> LocalCluster:
        """Make a cluster and return once it is ready; a failure leaves nothing. Errors: BadInput, ClusterError."""
        self.check(spec)
        folder = Folder(clusters_home() / spec.name)
        home.claim(folder, ClusterState(spec, owner=Process.of(os.getpid()), settings=spec.settings))
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
        home.keep(name)

    def settings(self, spec: ClusterSpec) -> dict[str, str]:
        """Return the settings by which a cluster would differ from the release's own."""
        return {**{key: str(value) for key, value in laid_over(spec.profile).items()}, **spec.settings}

    def limits(self, profile: str) -> str:
        """Return the name of the shipped file of limits for a settings profile."""
        return profile

    def close(self) -> None:
        """Nothing is shared between clusters."""


def _check_disk(path: Path) -> None:
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < _DISK_BYTES:
        raise ClusterError(
            f"only {free / 1e6:.0f} MB of disk are free, a cluster needs {_DISK_BYTES / 1e6:.0f} MB",
            where=str(there),
            mend="free some space, or set HARNESS_HOME to another disk",
        )
