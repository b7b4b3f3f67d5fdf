"""Whether what was done to the cluster took effect. Source: docs/measuring.md: the fault's window."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.windows import unmatched
from harness.history import EventKind, History
from harness.slo.evidence import Judge
from harness.slo.inputs import Inputs
from harness.verdict import Validity


class Faults(Judge):
    """An effect is seen, never assumed."""

    def conditions(self, at: Inputs) -> Iterator[Validity]:
        """Yield whether each fault was seen to take effect."""
        if at.faulted:
            yield effect_observed(at.history)


def effect_observed(history: History) -> Validity:
    """Check that every fault injected was seen to take effect, and that there was one at all."""
    injected = len(list(history.of(EventKind.FAULT, what="inject")))
    unseen = unmatched(history, "inject", by="effect")
    measured = f"not seen: {', '.join(unseen)}" if unseen else f"seen for {injected} of {injected} injected"
    return Validity("Effect of every fault", measured, "seen for each, at least 1", ok=injected > 0 and not unseen)
