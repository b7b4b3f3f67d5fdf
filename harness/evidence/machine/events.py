"""What is written down of the machine, second by second."""

from __future__ import annotations

from harness.events import event


@event("machine", "taken")
class CoresTaken:
    """The cores that others took, of them those that the host kept back; how many were busy, of how many there are.

    Of a quota: its periods, and those in which it was used up. An older harness told less.
    """

    cores: float
    stolen: float = 0.0
    busy: float = 0.0
    of: float | None = None
    periods: int | None = None
    stopped: int = 0
