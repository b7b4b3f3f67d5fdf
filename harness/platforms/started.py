"""How long a cluster took to start: known to whoever made it."""

from __future__ import annotations


class Started:
    """The verb of harness.verbs.Timed. `started_s` is written by what made the cluster."""

    started_s: float | None = None

    def start_s(self) -> float | None:
        """Return how long it took from the first member's start until all were ready; None where it was there."""
        return self.started_s
