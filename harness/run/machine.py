"""What else the machine did while traffic flowed: the first suspect when a latency is high."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, monotonic_ns

import psutil

from harness.history import Event, EventKind

_INTERVAL_S = 1.0


@dataclass(frozen=True)
class Look:
    """Processor time since boot, in seconds over all cores: all work, what the host kept back, and our processes'."""

    t_s: float
    busy_s: float
    stolen_s: float
    own_s: Mapping[int, float]


class MachineWatcher:
    """A thread that writes a MACHINE event a second: the cores that other programs and the host took.

    Ours are this process and its descendants: load generator and members. Where members are no processes of ours,
    `knows_members` is False, and only what the host kept back is told.
    """

    def __init__(self, tell: Callable[[Event], None], *, knows_members: bool) -> None:
        self._tell, self._knows_members = tell, knows_members
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine", daemon=True)

    def __enter__(self) -> MachineWatcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        before = look()
        while not self._over.wait(_INTERVAL_S):
            now = look()
            others, stolen = between(before, now)
            taken = stolen + (others if self._knows_members else 0.0)
            detail = {"cores": f"{taken:.3f}", "stolen": f"{stolen:.3f}"}
            self._tell(Event(monotonic_ns(), EventKind.MACHINE, "cpu", "taken", detail))
            before = now


def look() -> Look:
    """Look at the machine's clocks of work, and at our processes'."""
    times = psutil.cpu_times()
    stolen_s = getattr(times, "steal", 0.0)
    busy_s = times.user + times.nice + times.system + getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0)
    me = psutil.Process()
    own: dict[int, float] = {}
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # one that has just ended
            spent = process.cpu_times()
            own[process.pid] = spent.user + spent.system
    return Look(monotonic(), busy_s, stolen_s, own)


def between(before: Look, now: Look) -> tuple[float, float]:
    """Return how many cores others used, and how many the host kept back, on average between two looks."""
    lasted_s = now.t_s - before.t_s
    own_s = sum(max(0.0, spent - before.own_s.get(pid, 0.0)) for pid, spent in now.own_s.items())
    others_s = now.busy_s - before.busy_s - own_s
    return max(0.0, others_s) / lasted_s, max(0.0, now.stolen_s - before.stolen_s) / lasted_s
