"""Whether the machine was left to the run: what others take from it, Milvus and its clients lack.

Source: docs/measuring.md: a run counts only if; the kernel's own CPU accounting, as harness.run.machine reads it.
"""

from __future__ import annotations

import numpy as np

from harness.checks.thresholds import Thresholds
from harness.checks.timeline import Floats
from harness.checks.windows import Windows
from harness.history import EventKind, History
from harness.verdict import Validity

# What is unmet where the machine, and nothing else, keeps a run from saying anything.
MACHINES_OWN = (
    "Cores taken by others",
    "Load generator's send lag",
    "Send lag beside a limit",
    "Limits that only late sending broke",
    "Yardstick",
)
# Less of it is what two decimals show as nothing.
_TOLD_CORES = 0.005


def left_alone(history: History, windows: Windows, thresholds: Thresholds) -> Validity:
    """Check how many cores other programs and the host took, on average over the worst seconds that were measured.

    A limit on latency that was broken meanwhile is no verdict on Milvus. Where nobody looked, nothing is held
    against the run.
    """
    events = [
        event
        for event in history.of(EventKind.MACHINE, what="taken")
        if windows.begin_ns <= event.t_ns < windows.end_ns
    ]
    width = thresholds.machine_window
    limit = thresholds.others_cores_max
    what = f"Cores taken by others, worst {width} s"
    if len(events) < width:
        return Validity(what, "not recorded", f"< {limit:g}", ok=True)
    taken = _means([float(event.detail["cores"]) for event in events], width)
    stolen = _means([float(event.detail.get("stolen", 0.0)) for event in events], width)
    at = int(taken.argmax())
    measured = f"{taken[at]:.2f}" + (f" ({stolen[at]:.2f} of it by the host)" if stolen[at] >= _TOLD_CORES else "")
    return Validity(what, measured, f"< {limit:g} (else the machine may be to blame)", ok=bool(taken[at] < limit))


def is_machines(check: Validity) -> bool:
    """Whether a condition is one on the machine, not on Milvus or the plan."""
    return check.what.startswith(MACHINES_OWN)


def _means(values: list[float], width: int) -> Floats:
    return np.convolve(values, np.full(width, 1 / width), mode="valid")
