"""What a scenario's test asserts on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.verdict import Judgement, Verdict

# Where a scenario's test finds what runs it.
RUN = pytest.StashKey[Callable[[], Judgement]]()


@dataclass(frozen=True)
class Outcome:
    """A scenario's judgement, PASS or FAIL: one that proves nothing never reaches the test."""

    judgement: Judgement

    @property
    def passed(self) -> bool:
        """Whether every limit held."""
        return self.judgement.verdict is Verdict.PASS

    @property
    def why(self) -> str:
        """Why it did not pass, worst first."""
        return "; ".join(self.judgement.reasons)
