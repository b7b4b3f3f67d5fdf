"""What else the machine did while traffic flowed: the first suspect when a latency is high."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic, monotonic_ns

import psutil

from harness.events import as_event
from harness.evidence.machine.events import CoresTaken
from harness.evidence.machine.quota import quota
from harness.history import Event
from harness.verbs import Cluster, Metered

INTERVAL_S = 1.0
# Processor time so far, by who took it.
MembersS = Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Look:
    """Processor time since boot, in seconds over all cores: all work, what the host kept back, and ours, by whom.

    `periods` are those of a quota so far, and of them those in which it stopped us.
    """

    t_s: float
    busy_s: float
    stolen_s: float
    own_s: Mapping[int | str, float]
    periods: tuple[int, int] = (0, 0)


class MachineWatcher:
    """Tells the cores that others took since the last look, and what was busy of how many.

    Ours are this process and its descendants, load generator and members, and what else `members_s` tells of. Where
    that is None, nobody knows what members take, and only what the host kept back is told.
    """

    def __init__(self, tell: Callable[[Event], None], members_s: MembersS | None) -> None:
        self._tell, self._members_s = tell, members_s
        self._quota = quota()
        self._before: Look | None = None

    def look(self) -> None:
        """Look once; the first look has nothing to compare with."""
        before, now = self._before, self._look()
        if before:
            self._tell(as_event(self._taken(before, now), "cpu", monotonic_ns()))
        self._before = now

    def _look(self) -> Look:
        seen = look(self._members_s() if self._members_s else {})
        return replace(seen, periods=self._quota.periods()) if self._quota else seen

    def _taken(self, before: Look, now: Look) -> CoresTaken:
        others, stolen = between(before, now)
        taken = round(stolen + (others if self._members_s else 0.0), 3)
        busy = round((now.busy_s - before.busy_s) / (now.t_s - before.t_s), 3)
        if not self._quota:
            return CoresTaken(taken, round(stolen, 3), busy, psutil.cpu_count())
        periods, stopped = (n - b for n, b in zip(now.periods, before.periods, strict=True))
        return CoresTaken(taken, round(stolen, 3), busy, self._quota.cores, periods, stopped)


def members_s(cluster: Cluster) -> MembersS | None:
    """Return who tells what members take beside this process's descendants; None where that is not known."""
    if isinstance(cluster, Metered):
        return cluster.metered()
    members = cluster.members()
    return dict if members and all(member.pid for member in members) else None


def look(members: Mapping[str, float]) -> Look:
    """Look at the machine's clocks of work, at our processes', and at those of members that are none of them."""
    times = psutil.cpu_times()
    stolen_s = getattr(times, "steal", 0.0)
    busy_s = times.user + times.nice + times.system + getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0)
    me = psutil.Process()
    own: dict[int | str, float] = dict(members.items())
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # one that has just ended
            spent = process.cpu_times()
            own[process.pid] = spent.user + spent.system
    return Look(monotonic(), busy_s, stolen_s, own)


def between(before: Look, now: Look) -> tuple[float, float]:
    """Return how many cores others used, and how many the host kept back, on average between two looks."""
    lasted_s = now.t_s - before.t_s
    own_s = sum(max(0.0, spent - before.own_s.get(who, 0.0)) for who, spent in now.own_s.items())
    others_s = now.busy_s - before.busy_s - own_s
    return max(0.0, others_s) / lasted_s, max(0.0, now.stolen_s - before.stolen_s) / lasted_s
