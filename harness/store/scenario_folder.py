"""A scenario's folder: its record, raw operations, events, truth, readbacks and the members' logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from glob import escape
from hashlib import file_digest
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from harness.errors import BadInput
from harness.history import NS_PER_S, History, Offered, Readback, Truth
from harness.kind import Kind
from harness.load.operations import STREAMS
from harness.slo.evidence import kinds
from harness.store.arrays import read_readback, read_truth, write_readback, write_truth
from harness.store.events import EventLog, read_events
from harness.store.jsonfile import check_format, read_json, unsealed, validated, write_sealed
from harness.store.record import FORMAT, OLDEST, ScenarioRecord
from harness.store.recorded import all_operations

_RECORD: TypeAdapter[ScenarioRecord] = TypeAdapter(ScenarioRecord)
# What a verdict rests on, beside scenario.json itself.
_EVIDENCE = (
    *("events.arrow", "schedule.arrow", "truth.npz", "readback-*.npz", STREAMS),
    *("traffic-*/schedule.arrow", f"traffic-*/{STREAMS}"),
)


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

    def more_traffic(self, action: str) -> Path:
        """The folder for the traffic that an action sends beside."""
        return self.path / f"traffic-{action}"

    def event_log(self) -> EventLog:
        """Begin the stream of events."""
        return EventLog(self.events)

    def write_record(self, record: ScenarioRecord) -> None:
        """Replace scenario.json: before the scenario begins, as it goes on, and when it is over."""
        write_sealed(self.path / "scenario.json", asdict(record))

    def record(self) -> ScenarioRecord:
        """Read scenario.json. Raises BadInput where it is missing, newer than this harness, damaged or edited."""
        where = self.path / "scenario.json"
        raw = read_json(where, what="a scenario's folder")
        check_format(raw, FORMAT, where=where, oldest=OLDEST)
        return validated(_RECORD, unsealed(raw, where=where), where)

    def write_truth(self, truth: Truth) -> None:
        """Store the exact neighbours that this scenario is judged by."""
        write_truth(self.path / "truth.npz", truth)

    def write_readback(self, number: int, readback: Readback) -> None:
        """Store a Strong read of everything, the first, the second and so on."""
        write_readback(self.path / f"readback-{number}.npz", readback)

    def readbacks(self) -> tuple[Readback, ...]:
        """Read the readbacks there are, in order of time."""
        found = (read_readback(path) for path in self.path.glob("readback-*.npz"))
        return tuple(sorted(found, key=lambda readback: readback.t_ns))

    def truth(self, *, k: int) -> Truth:
        """Read the exact neighbours; empty ones where the scenario ended before they were known."""
        path = self.path / "truth.npz"
        return read_truth(path) if path.exists() else _no_truth(k)

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of every file that a verdict rests on."""
        return self._digests(*_EVIDENCE, *(pattern for one in kinds() for pattern in one.files))

    def _digests(self, *patterns: str) -> dict[str, str]:
        found = sorted({path for pattern in patterns for path in self.path.glob(pattern) if path.is_file()})
        return {path.relative_to(self.path).as_posix(): _sha256(path) for path in found}

    def read_history(self, *, live: bool = False) -> History:
        """Read everything that happened; `live`: by now, without what kinds of evidence write beside events.

        It is complete where the record says so and by which digests it can be told. Raises BadInput where a file is
        damaged or, where there are digests, missing or not as the run left it.
        """
        record = self.record()
        self._check_unchanged(record.digests)
        events = read_events(self.events)
        traffic = _traffic(record.traffic, where=self.path / "scenario.json")
        return History(
            operations=all_operations(self.path, events, k=traffic.k, deadline_ns=traffic.deadline_ns),
            events=events,
            truth=self.truth(k=traffic.k),
            readbacks=self.readbacks(),
            traffic=traffic,
            complete=record.complete and bool(record.digests),
            recorded={} if live else {one.name: read(self.path) for one in kinds() if (read := one.part("reader"))},
        )

    def _check_unchanged(self, digests: Mapping[str, str]) -> None:
        # What was sealed, whoever wrote it; of what was not, only the harness's own is looked for.
        found = self._digests(*_EVIDENCE, *map(escape, digests)) if digests else {}
        for name in sorted({*digests, *found}):
            was, now = digests.get(name), found.get(name)
            if was != now:
                became = "was removed" if now is None else "was changed" if was else "was added"
                mend = "restore the run's folder, or run the scenario again"
                raise BadInput(f"{name} {became} after the run had ended", where=str(self.path), mend=mend)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _traffic(given: Mapping[str, float], *, where: Path) -> Offered:
    try:
        if set(given) == {"k"}:  # nobody sent any
            return Offered({}, 0, int(given["k"]), 0)
        return Offered(
            rates={kind: given[f"{kind.name.lower()}_rate"] for kind in Kind},
            rows_per_insert=int(given["rows_per_insert"]),
            k=int(given["k"]),
            deadline_ns=round(given["deadline_s"] * NS_PER_S),
        )
    except KeyError as error:
        raise BadInput(f"traffic.{error.args[0]} is missing", where=str(where), mend="restore the file") from None


def _no_truth(k: int) -> Truth:
    nothing = np.zeros((0, 0), np.float32)
    return Truth(
        metric="L2",
        k=k,
        rows=0,
        base_ids=np.zeros((0, 0), np.int64),
        base_distances=nothing,
        written_keys=np.zeros(0, np.int64),
        written_distances=nothing,
    )
