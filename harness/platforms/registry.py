"""Which platform a name stands for, and every cluster that there is, whatever its platform."""

from __future__ import annotations

from collections.abc import Callable
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


def heal() -> list[str]:
    """Remove whatever a killed run left and say what it was; what still belongs to somebody stays."""
    # With a kind cluster of ours goes all that lies on it; what lies on somebody else's must be removed first.
    done = _heal_hosts(made=True)
    for folder in list(home.abandoned()):
        done.append(_end(f"cluster {folder.name}", open_anyway(folder.name).destroy))
    done += _heal_hosts(made=False)
    home.remove_half_made()
    lost = orphans() + [process for process, tag in tagged() if not Path(tag).exists()]
    end_all(lost)
    return done + [f"process {process.pid}" for process in lost]


def _end(what: str, end: Callable[[], None]) -> str:
    """End one thing; what can't be ended keeps nothing else from being."""
    try:
        end()
    except HarnessError as error:
        return f"{what} is still there: {error}"
    return what


def _heal_hosts(*, made: bool) -> list[str]:
    if not clusters_home().with_name("kind").exists():
        return []
    from harness.platforms.kubernetes import hosts  # noqa: PLC0415 - only where there was one

    there = [host for host in hosts.abandoned() if host.made is made]
    return [_end(f"kind cluster {host.name}", host.remove) for host in there]


def _open(folder: Folder) -> Cluster:
    if folder.read().platform == "local":
        return open_local(folder)
    from harness.platforms.kubernetes.platform import open_cluster  # noqa: PLC0415 - only where there is one

    return open_cluster(folder)
