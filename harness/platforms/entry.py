"""How platforms are found: each is an entry point of the group `milvus_harness.platforms`, built-in or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol

from harness.errors import BadInput, broken_package
from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.platforms.state import Folder
from harness.verbs import Cluster, Platform

GROUP = "milvus_harness.platforms"


@dataclass(frozen=True)
class Leftover:
    """What a killed run left beside clusters. With one that is `under` clusters all goes that lies on it."""

    what: str
    end: Callable[[], None]
    under: bool = False


class Entry(Protocol):
    """What an entry point names. Importing it is cheap: what a platform needs is imported as it is made."""

    @property
    def options(self) -> Mapping[str, str]:
        """The options that it takes, by name, each with what it is."""
        ...

    def make(self, choice: PlatformChoice) -> Platform:
        """Return the platform. Errors: BadInput for a choice that it does not take."""
        ...

    def open(self, folder: Folder) -> Cluster:
        """Return a cluster of this platform that exists. Errors: BadInput."""
        ...

    def leftovers(self) -> Iterable[Leftover]:
        """Return what nobody will end, and heal may."""
        ...

    def doctor(self) -> Iterable[Ailment]:
        """Look at what it needs, without fetching or changing anything."""
        ...


def names() -> list[str]:
    """Return the platforms that are installed, the default first."""
    return sorted({found.name for found in entry_points(group=GROUP)}, key=lambda name: (name != "local", name))


def entry(name: str, where: str) -> Entry:
    """Return a platform's entry; `where` is what named it. Errors: BadInput."""
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise BadInput(f"there is no platform {name!r}", where=where, mend=f"take one of {', '.join(names())}")
    try:
        loaded: Entry = found.load()
        loaded.options  # noqa: B018 - one that is none has none
    except Exception as error:  # whatever somebody's package does as it is imported
        raise broken_package(f"platform {name!r}", error) from error
    return loaded


def entries() -> list[Entry]:
    """Return all of them; one that can't be loaded stands for itself, so that it keeps nothing from the others."""
    return [_entry_or_broken(name) for name in names()]


def _entry_or_broken(name: str) -> Entry:
    try:
        return entry(name, GROUP)
    except BadInput as error:
        return _Broken(error)


@dataclass(frozen=True)
class _Broken:
    """A platform that can't be loaded."""

    error: BadInput
    options: Mapping[str, str] = field(default_factory=dict)

    def make(self, choice: PlatformChoice) -> Platform:
        """Say why not."""
        del choice
        raise self.error

    def open(self, folder: Folder) -> Cluster:
        """Say why not."""
        del folder
        raise self.error

    def leftovers(self) -> Iterable[Leftover]:
        """Return none: nobody can tell."""
        return ()

    def doctor(self) -> Iterable[Ailment]:
        """Say so."""
        return (Ailment(str(self.error), ok=False, mend="", optional=True),)
