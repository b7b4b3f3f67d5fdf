"""A run's folder: `reports/<time>-<selection>-<seed>/`, one for each execution and never written over.

```
run.json  verdict.json  junit.xml  summary.md  index.html
scenarios/<name>/  scenario.json  schedule.arrow  operations-*.arrow  events.arrow  truth.npz  readback-*.npz  logs/
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from harness.errors import BadInput
from harness.store.jsonfile import check_format, read_json, unsealed, validated, write_sealed
from harness.store.naming import make_folder, slug
from harness.store.run_record import FORMAT, RunRecord, RunVerdict
from harness.store.scenario_folder import ScenarioFolder
from harness.store.verdict_file import read_verdict, write_verdict

_RECORD: TypeAdapter[RunRecord] = TypeAdapter(RunRecord)


@dataclass(frozen=True)
class RunFolder:
    """Where everything of a run lies. Make one with `create`, come back to one with `open`."""

    path: Path

    @classmethod
    def create(cls, reports: Path, record: RunRecord) -> RunFolder:
        """Make a new folder under `reports`, named after the record's start, selection and seed.

        Where that name is taken a number is added. Raises BadInput where the folder cannot be written.
        """
        name = f"{_time_label(record.started)}-{slug(record.selection)}-{record.seed}"
        try:
            folder = cls(make_folder(reports, name))
            folder.scenarios_path.mkdir()
            write_sealed(folder.path / "run.json", asdict(record))
        except OSError as error:
            mend = "choose a folder that can be written, or free some space"
            raise BadInput(f"cannot make a run's folder: {error.strerror}", where=str(reports), mend=mend) from None
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open an existing run. Raises BadInput where it is no run, or of a newer format than this harness."""
        if not path.is_dir():
            raise BadInput("no such run", where=str(path), mend="name a folder under reports/")
        folder = cls(path)
        folder.record()
        return folder

    @property
    def page(self) -> Path:
        """The page, as pytest-html writes it."""
        return self.path / "index.html"

    @property
    def junit(self) -> Path:
        """JUnit's XML, as pytest writes it."""
        return self.path / "junit.xml"

    @property
    def summary(self) -> Path:
        """The job summary in Markdown."""
        return self.path / "summary.md"

    @property
    def scenarios_path(self) -> Path:
        """The folder that holds a folder a scenario."""
        return self.path / "scenarios"

    def record(self) -> RunRecord:
        """Read run.json. Raises BadInput as `open` does, and where it was edited."""
        where = self.path / "run.json"
        raw = read_json(where, what="a run's folder")
        check_format(raw, FORMAT, where=where, oldest=1)
        return validated(_RECORD, raw if raw["format"] == 1 else unsealed(raw, where=where), where)

    def new_scenario(self, name: str) -> ScenarioFolder:
        """Make a scenario's folder; a second attempt at the same scenario gets a number."""
        return ScenarioFolder.create(make_folder(self.scenarios_path, slug(name)))

    def scenarios(self) -> Iterator[ScenarioFolder]:
        """Yield the folders of the scenarios that got as far as writing a record, in the order they began.

        Raises BadInput where a record can't be read, or is of a scenario that this run did not select.
        """
        folders = [ScenarioFolder(path.parent) for path in self.scenarios_path.glob("*/scenario.json")]
        records = [folder.record() for folder in folders]
        selected = self.record().selected
        for folder, record in zip(folders, records, strict=True):
            if selected and record.name not in selected:
                mend = "keep one run's scenarios in its folder"
                raise BadInput(f"{record.name} was not selected by this run", where=str(folder.path), mend=mend)
        began = sorted(zip(records, folders, strict=True), key=lambda pair: (pair[0].started, pair[1].path.name))
        yield from (folder for _, folder in began)

    def relative(self, path: Path) -> str:
        """Return a path inside the run's folder as the page links to it, with forward slashes."""
        return path.relative_to(self.path).as_posix()

    def write_verdict(self, verdict: RunVerdict) -> None:
        """Replace verdict.json."""
        write_verdict(self.path / "verdict.json", self.record(), verdict)

    def read_verdict(self) -> RunVerdict:
        """Read verdict.json back. Raises BadInput where there is none."""
        return read_verdict(self.path / "verdict.json")


def _time_label(started: str) -> str:
    """Turn an ISO 8601 time into a folder's name that sorts by time, as it reads on that clock."""
    try:
        return datetime.fromisoformat(started).strftime("%Y%m%d-%H%M%S")
    except ValueError:
        raise BadInput(f"{started!r} is no time", where="RunRecord.started", mend="give it as ISO 8601") from None
