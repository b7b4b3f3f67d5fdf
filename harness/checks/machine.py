"""Whether the machine was left to the run: what others take from it, Milvus and its clients lack."""

from __future__ import annotations

import numpy as np

from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows
from harness.history import EventKind, History
from harness.verdict import Validity


def left_alone(history: History, windows: Windows, thresholds: Thresholds) -> Validity:
    """Check how many cores other programs and the host took, on average over the worst seconds that were measured.

    A limit on latency that was broken meanwhile is no verdict on Milvus. Where nobody looked, nothing is held
    against the run.
    """
    taken = np.array(
        [
            float(event.detail["cores"])
            for event in history.of(EventKind.MACHINE, what="taken")
            if windows.begin_ns <= event.t_ns < windows.end_ns
        ]
    )
    width = thresholds.machine_window
    limit = thresholds.others_cores_max
    what = f"Cores taken by others, worst {width} s"
    if len(taken) < width:
        return Validity(what, "not recorded", f"< {limit:g}", ok=True)
    worst = float(np.convolve(taken, np.ones(width) / width, mode="valid").max())
    return Validity(what, f"{worst:.2f}", f"< {limit:g} (else the machine may be to blame)", ok=worst < limit)
