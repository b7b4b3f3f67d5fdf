"""What is unmet where the machine, and nothing else, keeps a run from saying anything."""

from __future__ import annotations

from collections.abc import Sequence

from harness.slo.evidence import judges
from harness.slo.inputs import Inputs
from harness.verdict import Validity, Verdict

LACK = "Processor time"
LATE = "Limits that only late sending broke"
MACHINES_OWN = (
    "Cores taken by others",
    "Load generator's send lag",
    "Send lag beside a limit",
    LATE,
    "Yardstick",
    LACK,
)


def is_machines(check: Validity) -> bool:
    """Whether a condition is one on the machine, not on Milvus or the plan."""
    return check.what.startswith(MACHINES_OWN)


def is_lack(check: Validity) -> bool:
    """Whether a condition says that the machine is too slow, for which no others were to blame."""
    return check.what.startswith(LACK)


def lack_of(at: Inputs) -> Validity | None:
    """Return what the surroundings lacked for the traffic, as the first kind of evidence that knows tells it."""
    return next((lack for _, judge in judges() if (lack := judge.lack(at))), None)


def lack_first(checks: Sequence[Validity], at: Inputs) -> tuple[Validity, ...]:
    """Return the conditions, before them what was lacking where one of them makes a run INVALID.

    It explains the rest, so it is told first, and once.
    """
    invalid = any(not check.ok and check.otherwise is Verdict.INVALID for check in checks)
    lack = lack_of(at) if invalid else None
    return (lack, *(check for check in checks if check != lack)) if lack else tuple(checks)
