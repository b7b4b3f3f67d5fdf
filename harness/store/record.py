"""What a scenario's folder says about itself, beside its history: `scenario.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FORMAT = 4
OLDEST = 3  # how long a start took was not recorded, and limits were numbers alone


@dataclass(frozen=True)
class ScenarioRecord:
    """Everything a reader needs to judge, draw and repeat a scenario that is not in its history.

    `versions` and `versions_after` map a member's name to the version it reported itself; `limits` maps a figure to its
    limit, a number or multiples; `scenario` names the table of limits, which `name` extends where a run has several
    variants; `faults` is how many the plan has, `drawn_from` the pool that they come from, where a seed drew them;
    `settings` and `thresholds` are those that differ from the release's and from the harness's own; `command` runs the
    scenario again; `way_in` is how clients reached Milvus, where there is more to it than an address; `wall_offset_ns`
    added to a time of the history gives one since the epoch, by which members' logs are read, 0 where it is not known;
    `complete` says that all of the plan was done, `aborted` why it was not; `digests` maps every file that the verdict
    rests on to its SHA-256, once nothing is added to it any more: without them nothing is complete;
    `evidence` are the kinds of evidence that it was recorded for.
    """

    name: str
    title: str
    seed: int
    platform: str
    profile: str
    plan: tuple[str, ...]
    command: str
    started: str
    milvus: str
    data: Mapping[str, str]
    traffic: Mapping[str, float]
    limits: Mapping[str, float | Mapping[str, float]]
    calibrated: bool
    faults: int = 0
    drawn_from: str = ""
    scenario: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    versions_after: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    aborted: str = ""
    way_in: str = ""
    wall_offset_ns: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    format: int = FORMAT
