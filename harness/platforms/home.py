"""Whose cluster is whose: one folder each under the user's state, claimed in one step, and found again by heal."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from harness.errors import BadInput
from harness.platforms.state import ClusterState, Folder, clusters_home
from harness.platforms.trash import REMOVING, remove_folder


def folders() -> Iterator[Folder]:
    """Yield the folder of every cluster there is, of any platform, by name."""
    home = clusters_home()
    there = sorted(home.iterdir()) if home.exists() else []
    return (Folder(path) for path in there if path.is_dir() and not path.name.startswith("."))


def names() -> list[str]:
    """Return the names of all clusters there are."""
    return [folder.name for folder in folders()]


def refuse_taken(folder: Folder) -> None:
    """Refuse a name that a cluster has. Errors: BadInput."""
    if folder.path.exists():
        raise _taken(folder)


def claim(folder: Folder, state: ClusterState) -> None:
    """Make a cluster's folder and say whose it is, in one step: heal never sees one without an owner.

    Errors: BadInput where the name is taken.
    """
    beside = Folder(folder.path.with_name(f".{folder.name}.{os.getpid()}"))
    beside.create()
    beside.write(state)
    try:
        beside.path.rename(folder.path)
    except OSError:
        remove_folder(beside.path)
        raise _taken(folder) from None


def _taken(folder: Folder) -> BadInput:
    mend = f"harness down {folder.name}, or take another name"
    return BadInput(f"there is a cluster {folder.name!r} already", where=str(folder.path), mend=mend)


def keep(name: str) -> None:
    """Let a cluster outlive this process: heal leaves it alone from now on."""
    Folder(clusters_home() / name).update(owner=None)


def is_kept(name: str) -> bool:
    """Whether a cluster was left up on purpose."""
    return Folder(clusters_home() / name).read().owner is None


def abandoned() -> Iterator[Folder]:
    """Yield the folder of every cluster that nobody will end: its owner died."""
    return filter(_is_abandoned, folders())


def unreadable() -> Iterator[tuple[Folder, str]]:
    """Yield every folder that does not say whose it is, with why that can't be read: it may be anybody's."""
    for folder in folders():
        try:
            folder.read()
        except (BadInput, OSError) as error:
            yield folder, str(error)


def _is_abandoned(folder: Folder) -> bool:
    try:
        owner = folder.read().owner
    except (BadInput, OSError):
        return False
    return owner is not None and not owner.alive


def keys() -> Path:
    """Return a folder for secrets that this process needs as files; heal removes those of the dead."""
    folder = clusters_home().with_name("keys") / str(os.getpid())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def remove_half_made() -> None:
    """Remove the folders of those who died before they had claimed one, or as they removed one, and their keys."""
    for folder in clusters_home().with_name("keys").glob("*"):
        if not folder.name.isdecimal() or not psutil.pid_exists(int(folder.name)):
            remove_folder(folder)
    for beside in clusters_home().glob(".*"):
        maker = beside.name.rpartition(".")[2]
        if beside.name.endswith(REMOVING) or (maker.isdecimal() and not psutil.pid_exists(int(maker))):
            remove_folder(beside)
