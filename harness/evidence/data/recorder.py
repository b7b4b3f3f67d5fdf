"""Reads every row back, twice."""

from __future__ import annotations

from harness.run.recorder import Recorder
from harness.run.traffic import PreparedTraffic


class DataRecorder(Recorder):
    """Two Strong reads of everything: what both show is so."""

    def look(self, traffic: PreparedTraffic | None, number: int) -> None:
        """Read everything."""
        if traffic:
            self.into.folder.write_readback(number, traffic.read_back())
