"""Whether the machine was the same all along, left to the run, and strong enough for it.

Source: docs/measuring.md: a run counts only if.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.sending import punctual
from harness.checks.thresholds import Thresholds
from harness.checks.yardstick import WORDS, readings
from harness.evidence.machine.cores import lacking, left_alone
from harness.history import History
from harness.slo.evidence import Judge
from harness.slo.inputs import Inputs
from harness.verdict import Validity


class Machine(Judge):
    """The first suspect when a latency is high."""

    def conditions(self, at: Inputs) -> Iterator[Validity]:
        """Yield whether the parts of the yardstick that a limit rests on were read alike before and after."""
        if not at.traffic.is_none:  # they are limits on what clients saw
            yield from same_machine(at.history, at.thresholds, at.yardstick)

    def disturbances(self, at: Inputs) -> Iterator[Validity]:
        """Yield whether the load was sent on time, and no other program took the cores."""
        if not at.traffic.is_none:
            yield punctual(at.history, at.windows, at.thresholds)
        yield left_alone(at.history, at.windows, at.thresholds)

    def lack(self, at: Inputs) -> Validity | None:
        """Return that processor time was lacking."""
        return None if at.traffic.is_none else lacking(at.history, at.windows, at.thresholds)


def same_machine(history: History, thresholds: Thresholds, parts: tuple[str, ...]) -> Iterator[Validity]:
    """Yield whether the parts that a limit rests on were read alike before and after; nothing of a lone reading."""
    read = readings(history)
    if len(read) < 2:
        return
    before, after = read[0], read[-1]
    for part in parts:
        low, high = sorted((before[part], after[part]))
        yield Validity(
            f"Yardstick: {WORDS[part]}, before and after",
            f"{before[part]:.3g} ms and {after[part]:.3g} ms",
            f"within {thresholds.yardstick_ratio_max:g} times (else the machine changed)",
            ok=high <= thresholds.yardstick_ratio_max * low,
        )
