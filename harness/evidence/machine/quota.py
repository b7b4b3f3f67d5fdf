"""The quota of a control group: the kernel stops a group that has used its share until the next period begins.

Source: Linux, Documentation/scheduler/sched-bwc.rst, for both versions of control groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_ROOT = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Quota:
    """How many cores this process and all that it starts may use, and the group whose rule that is."""

    cores: float
    group: Path

    def periods(self) -> tuple[int, int]:
        """Return how many periods there have been, and in how many of them the group was stopped."""
        with suppress(OSError, ValueError):
            lines = (self.group / "cpu.stat").read_text(encoding="ascii").splitlines()
            told = {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}
            return told.get("nr_periods", 0), told.get("nr_throttled", 0)
        return 0, 0


def quota(root: Path = _ROOT, told: Path = _SELF, *, cores: int | None = None) -> Quota | None:
    """Return the strictest quota of this process's groups, where it is less than all `cores` (default: the machine's).

    None where it has none, or the system has no groups.
    """
    most = cores or psutil.cpu_count() or 1
    found = [Quota(allowed, group) for group in _groups(root, told) if (allowed := _cores(group)) < most]
    return min(found, key=lambda one: one.cores, default=None)


def _groups(root: Path, told: Path) -> Iterator[Path]:
    """Yield this process's groups of processor time, its own first, then those above it."""
    with suppress(OSError):
        for line in told.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                mounted = root / "cpu" if controllers else root
                inner = mounted / path.lstrip("/")
                # A container sees its own group as the root of what is mounted there.
                yield from (group for group in (inner, *inner.parents) if group.is_relative_to(mounted))


def _cores(group: Path) -> float:
    with suppress(OSError, ValueError):
        if (group / "cpu.max").exists():
            most, period = (group / "cpu.max").read_text(encoding="ascii").split()
        else:
            most, period = ((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period"))
        return int(most) / int(period) if int(most) > 0 else math.inf
    return math.inf
