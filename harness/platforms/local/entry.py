"""The platform `local`, as it is found."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import BadInput
from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.platforms.entry import Leftover
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.doctor import diagnose
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.state import Folder


class Local:
    """Processes on this machine."""

    def make(self, choice: PlatformChoice) -> LocalPlatform:
        """Return the platform. Errors: BadInput for what only others take."""
        for option, value in (("--platform-file", choice.file), ("--context", choice.context)):
            if value:
                raise BadInput("local takes none", where=option, mend="name kind or kubernetes with --platform")
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
