"""Every cluster that there is, whatever its platform, and which platform a name stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import BadInput, HarnessError
from harness.platforms import home
from harness.platforms.choice import PlatformChoice
from harness.platforms.entry import Leftover, entries, entry, names
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.process import end_all, orphans, tagged
from harness.platforms.state import Folder, clusters_home
from harness.verbs import Cluster, Platform


def make_platform(choice: PlatformChoice) -> Platform:
    """Return the platform that was chosen. Errors: BadInput, also for an option that it does not take."""
    found = entry(choice.name, "--platform")
    for option in choice.given:
        if option not in found.options:
            takers = [name for name, one in zip(names(), entries(), strict=True) if option in one.options]
            mend = f"choose {' or '.join(takers)}" if takers else f"it takes {_listed(found.options)}"
            raise BadInput(f"{choice.name} takes no option {option!r}", where="platform", mend=mend)
    return found.make(choice)


def _listed(options: Mapping[str, str]) -> str:
    return "; ".join(f"{name}, {what}" for name, what in options.items()) or "none"


def open_cluster(name: str) -> Cluster:
    """Return a cluster that exists. Errors: BadInput."""
    folder = Folder(clusters_home() / name)
    return entry(folder.read().platform, str(folder.path)).open(folder)


def open_anyway(name: str) -> Cluster:
    """Return a cluster even if its state can't be read: good enough to destroy it."""
    try:
        return open_cluster(name)
    except BadInput:
        return LocalCluster(Folder(clusters_home() / name))


@dataclass(frozen=True)
class HealReport:
    """What was removed; what is still there, with the reason; and what nothing proves to be the harness's."""

    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    not_ours: dict[str, str] = field(default_factory=dict)

    def end(self, what: str, end: Callable[[], None]) -> None:
        """End one thing; what can't be ended keeps nothing else from being."""
        try:
            end()
        except HarnessError as error:
            self.left.append(f"{what} is still there: {error}")
        else:
            self.removed.append(what)


def heal() -> HealReport:
    """Remove whatever a killed run left and say what it was; what still belongs to somebody stays."""
    done = HealReport()
    # With what is ours and lies under clusters these go as well; what lies on somebody else's must be removed first.
    _end(done, (one for one in _leftovers() if one.under))
    for folder in list(home.abandoned()):
        done.end(f"cluster {folder.name}", open_anyway(folder.name).destroy)
    _end(done, (one for one in _leftovers() if not one.under))
    done.not_ours.update((folder.name, f"{folder.path}, {why}") for folder, why in home.unreadable())
    home.remove_half_made()
    lost = orphans() + [process for process, tag in tagged() if not Path(tag).exists()]
    stuck = end_all(lost)
    done.removed.extend(f"process {process.pid}" for process in lost if process not in stuck)
    done.left.extend(f"process {process.pid} is still there: it outlives SIGKILL" for process in stuck)
    return done


def _leftovers() -> list[Leftover]:
    return [one for platform in entries() for one in platform.leftovers()]


def _end(done: HealReport, leftovers: Iterable[Leftover]) -> None:
    for one in leftovers:
        done.end(one.what, one.end)
