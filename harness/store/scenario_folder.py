"""A scenario's folder: its record, raw operations, events, truth, readbacks and the members' logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from harness.errors import BadInput
from harness.history import History, Readback, Traffic, Truth
from harness.load.recorder import read_operations
from harness.load.schedule import load_schedule
from harness.store.arrays import read_readback, read_truth, write_readback, write_truth
from harness.store.events import EventLog, read_events
from harness.store.jsonfile import check_format, read_json, validated, write_json
from harness.store.record import FORMAT, ScenarioRecord

_RECORD: TypeAdapter[ScenarioRecord] = TypeAdapter(ScenarioRecord)


@dataclass(frozen=True)
class ScenarioFolder:
    """Where a scenario's evidence lies; from it alone a verdict and a page can be made again."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> ScenarioFolder:
        """Lay out an empty folder that was just made."""
        folder = cls(path)
        folder.logs.mkdir()
        return folder

    @property
    def logs(self) -> Path:
        """The folder for the members' logs."""
        return self.path / "logs"

    @property
    def schedule(self) -> Path:
        """The traffic's schedule, fixed before it began."""
        return self.path / "schedule.arrow"

    @property
    def events(self) -> Path:
        """The stream of events."""
        return self.path / "events.arrow"

    def event_log(self) -> EventLog:
        """Begin the stream of events."""
        return EventLog(self.events)

    def write_record(self, record: ScenarioRecord) -> None:
        """Replace scenario.json: once before the scenario begins, once when it is over."""
        write_json(self.path / "scenario.json", asdict(record))

    def record(self) -> ScenarioRecord:
        """Read scenario.json. Raises BadInput where it is missing, newer than this harness or damaged."""
        where = self.path / "scenario.json"
        raw = read_json(where, what="a scenario's folder")
        check_format(raw, FORMAT, where=where)
        return validated(_RECORD, raw, where)

    def write_truth(self, truth: Truth) -> None:
        """Store the exact neighbours that this scenario is judged by."""
        write_truth(self.path / "truth.npz", truth)

    def write_readbacks(self, readbacks: Iterable[Readback]) -> None:
        """Store the Strong reads of everything, in order."""
        for number, readback in enumerate(readbacks, start=1):
            write_readback(self.path / f"readback-{number}.npz", readback)

    def readbacks(self) -> tuple[Readback, ...]:
        """Read the readbacks there are, in order of time."""
        found = (read_readback(path) for path in self.path.glob("readback-*.npz"))
        return tuple(sorted(found, key=lambda readback: readback.t_ns))
