"""What came of one operation: apart from the client that asked, so that records are read without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.history import ABSENT, Result


@dataclass(frozen=True)
class Answer:
    """What came of one operation. Hits and distances as the server ordered them; a smaller distance is nearer.

    `version` is what a read found: see harness.history.Operations.
    """

    outcome: Result
    error: str = ""
    hits: Sequence[int] = ()
    distances: Sequence[float] = ()
    version: int = ABSENT
