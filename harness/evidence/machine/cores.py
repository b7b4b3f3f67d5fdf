"""Whether the machine was left to the run: what others take from it, Milvus and its clients lack.

Source: docs/measuring.md: a run counts only if; the kernel's own CPU accounting, as the recorder beside it reads it.
"""

from __future__ import annotations

import numpy as np

from harness.checks.thresholds import Thresholds
from harness.checks.timeline import Floats
from harness.checks.windows import Windows
from harness.events import said
from harness.evidence.machine.events import CoresTaken
from harness.history import History
from harness.slo.surroundings import LACK
from harness.verdict import Validity

# Less of it is what two decimals show as nothing.
_TOLD_CORES = 0.005


def left_alone(history: History, windows: Windows, thresholds: Thresholds) -> Validity:
    """Check how many cores other programs and the host took, on average over the worst seconds that were measured.

    A limit on latency that was broken meanwhile is no verdict on Milvus. Where nobody looked, nothing is held
    against the run.
    """
    told = _between(history, windows.begin_ns, windows.end_ns)
    width = thresholds.machine_window
    limit = thresholds.others_cores_max
    what = f"Cores taken by others, worst {width} s"
    if len(told) < width:
        return Validity(what, "not recorded", f"< {limit:g}", ok=True)
    taken = _means([one.cores for one in told], width)
    stolen = _means([one.stolen for one in told], width)
    at = int(taken.argmax())
    measured = f"{taken[at]:.2f}" + (f" ({stolen[at]:.2f} of it by the host)" if stolen[at] >= _TOLD_CORES else "")
    return Validity(what, measured, f"< {limit:g} (else the machine may be to blame)", ok=bool(taken[at] < limit))


def lacking(history: History, windows: Windows, thresholds: Thresholds) -> Validity | None:
    """Return that the traffic lacked processor time in the steady state, where nothing else asks for any; else None.

    A quota stops whoever has used it until its next period; without one nothing is left when all cores are busy. Where
    others took a part, or nothing was recorded, nobody can tell.
    """
    told = _between(history, *(windows.steady or (windows.begin_ns, windows.end_ns)))
    cores = told[-1].of if told else None
    if cores is None or not left_alone(history, windows, thresholds).ok:
        return None
    told = [one for one in told if one.of is not None]
    if told[-1].periods is not None:
        stopped, periods = sum(one.stopped for one in told), sum(one.periods or 0 for one in told)
        share, limit = stopped / max(1, periods), thresholds.stopped_share_max
        measured = f"a quota of {cores:g} cores, used up in {share:.0%} of its periods"
    else:
        busy = float(np.mean([one.busy for one in told]))
        share, limit = busy / cores, thresholds.busy_share_max
        measured = f"{busy:.2f} of {cores:g} cores busy"
    required = f"< {limit:.0%} (else the machine is too slow for this traffic)"
    return None if share < limit else Validity(f"{LACK} in the steady state", measured, required, ok=False)


def _between(history: History, begin_ns: int, end_ns: int) -> list[CoresTaken]:
    return [one.value for one in said(history.events, CoresTaken) if begin_ns <= one.t_ns < end_ns]


def _means(values: list[float], width: int) -> Floats:
    return np.convolve(values, np.full(width, 1 / width), mode="valid")
