"""The platform `local`, as it is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.platforms.entry import Leftover
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.doctor import diagnose
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.state import Folder


class Local:
    """Processes on this machine."""

    options: Mapping[str, str] = MappingProxyType({})

    def make(self, choice: PlatformChoice) -> LocalPlatform:
        """Return the platform."""
        del choice
        return LocalPlatform()

    def open(self, folder: Folder) -> LocalCluster:
        """Return a cluster, also one whose state can't be read: good enough to destroy it."""
        return LocalCluster(folder)

    def leftovers(self) -> Iterable[Leftover]:
        """Return none: processes are found by their marks, whatever their platform."""
        return ()

    def doctor(self) -> Iterable[Ailment]:
        """Look at everything a local cluster needs."""
        return diagnose()


LOCAL = Local()
