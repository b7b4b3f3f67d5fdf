"""Which platform a name stands for, and every cluster that there is, whatever its platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import BadInput, HarnessError
from harness.platforms import home
from harness.platforms.choice import PlatformChoice
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.local.platform import open_cluster as open_local
from harness.platforms.process import end_all, orphans, tagged
from harness.platforms.state import Folder, clusters_home
from harness.verbs import Cluster, Platform

PLATFORMS = ("local", "kind", "kubernetes")


def make_platform(choice: PlatformChoice) -> Platform:
    """Return the platform that was chosen. Errors: BadInput."""
    if choice.name not in PLATFORMS:
        raise BadInput(
            f"there is no platform {choice.name!r}", where="--platform", mend=f"take one of {', '.join(PLATFORMS)}"
        )
    if choice.name == "local":
        for option, value in (("--platform-file", choice.file), ("--context", choice.context)):
            if value:
                raise BadInput("local takes none", where=option, mend="name kind or kubernetes with --platform")
        return LocalPlatform()
    # Half a second of imports, only for those who want Kubernetes.
    from harness.platforms.kubernetes.options import read_options  # noqa: PLC0415
    from harness.platforms.kubernetes.platform import KubernetesPlatform  # noqa: PLC0415

    given = ("context", "namespace", "token_file", "tls")
    named = {key: value for key in given if (value := getattr(choice, key))}
    return KubernetesPlatform(read_options(choice.file).model_copy(update=named), on_kind=choice.name == "kind")


def open_cluster(name: str) -> Cluster:
    """Return a cluster that exists. Errors: BadInput."""
    folder = Folder(clusters_home() / name)
    return _open(folder)


def open_anyway(name: str) -> Cluster:
    """Return a cluster even if its state can't be read: good enough to destroy it."""
    folder = Folder(clusters_home() / name)
    try:
        return _open(folder)
    except BadInput:
        return open_local(folder)


@dataclass(frozen=True)
class Healed:
    """What was removed, and what is still there, with the reason."""

    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def end(self, what: str, end: Callable[[], None]) -> None:
        """End one thing; what can't be ended keeps nothing else from being."""
        try:
            end()
        except HarnessError as error:
            self.left.append(f"{what} is still there: {error}")
        else:
            self.removed.append(what)


def heal() -> Healed:
    """Remove whatever a killed run left and say what it was; what still belongs to somebody stays."""
    done = Healed()
    # With a kind cluster of ours goes all that lies on it; what lies on somebody else's must be removed first.
    _heal_hosts(done, made=True)
    for folder in list(home.abandoned()):
        done.end(f"cluster {folder.name}", open_anyway(folder.name).destroy)
    _heal_hosts(done, made=False)
    home.remove_half_made()
    lost = orphans() + [process for process, tag in tagged() if not Path(tag).exists()]
    stuck = end_all(lost)
    done.removed.extend(f"process {process.pid}" for process in lost if process not in stuck)
    done.left.extend(f"process {process.pid} is still there: it outlives SIGKILL" for process in stuck)
    return done


def _heal_hosts(done: Healed, *, made: bool) -> None:
    if not clusters_home().with_name("kind").exists():
        return
    from harness.platforms.kubernetes import hosts  # noqa: PLC0415 - only where there was one

    for host in list(hosts.abandoned()):
        if host.made is made:
            done.end(f"kind cluster {host.name}", host.remove)


def _open(folder: Folder) -> Cluster:
    if folder.read().platform == "local":
        return open_local(folder)
    from harness.platforms.kubernetes.platform import open_cluster  # noqa: PLC0415 - only where there is one

    return open_cluster(folder)
