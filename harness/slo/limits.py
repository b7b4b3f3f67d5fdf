"""The file of limits: one table of defaults, one table a scenario on top of it; nothing in it is ignored."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import BadInput
from harness.slo.figures import DATA, RECOVERIES
from harness.slo.multiples import Milliseconds, Multiples
from harness.slo.multiples import Seconds as OfSeconds

PROFILES = ("fast", "default", "kubernetes-fast", "kubernetes-default")
SCENARIOS = (
    "query-node-killed",
    "proxy-killed",
    "coordinators-killed",
    "data-node-killed",
    "query-node-paused",
    "faults-overlap",
    "query-nodes-scaled",
    "rolling-upgrade",
    "setting-changed",
    "etcd-restarted",
    "object-store-restarted",
    "message-queue-restarted",
    "chaos",
    "container-killed",
    "node-drained",
    "node-stopped",
    "query-nodes-isolated",
    "no-fault",
)
DEFAULTS = "defaults"

# No infinity: a limit that can never be exceeded looks like a gate and is none. Leave the key out instead.
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
ShareLimit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Amount | OfSeconds
SteadyMs = Amount | Milliseconds
Zero = Annotated[float, Field(ge=0, le=0)]  # of acknowledged data nothing may be lost: docs/measuring.md


# Seconds in which processes start, or Milvus waits for its own clocks.
MACHINE_SECONDS = frozenset((*RECOVERIES, "bad_s", "down_s", "longest_outage_s", "wrong_s"))


class Limits(BaseModel):
    """The limits of one scenario, named as the figures of harness.slo.figures. None: shown, but held to nothing.

    Most limits are the highest value allowed; availability and the recalls are the lowest. Seconds may be multiples
    of what the run itself measures (harness.slo.multiples). `calibrated` says that they were set from measured runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    calibrated: bool = False
    steady_p95_ms: SteadyMs | None = None
    steady_p99_ms: SteadyMs | None = None
    recovered_p95_ms: Amount | None = None
    recovered_p99_ms: Amount | None = None
    recovered_p50_ratio: Amount | None = None
    recovered_p95_ratio: Amount | None = None
    recovered_p99_ratio: Amount | None = None
    bad_s: Seconds | None = None
    down_s: Seconds | None = None
    longest_outage_s: Seconds | None = None
    availability: ShareLimit | None = None
    invalid_answers: Amount | None = None
    recover_s: Seconds | None = None
    write_recover_s: Seconds | None = None
    fresh_recover_s: Seconds | None = None
    stock_recover_s: Seconds | None = None
    fresh_p95_ms: Amount | None = None
    stale_reads: Amount | None = None
    invalid_reads: Amount | None = None
    unplanned_restarts: Amount | None = None
    wrong_versions: Amount | None = None
    idle_query_nodes: Amount | None = None
    wrong_s: Seconds | None = None
    lost_rows: Zero | None = None
    resurrected_rows: Zero | None = None
    stale_rows: Zero | None = None
    phantom_rows: Zero | None = None
    duplicate_rows: Zero | None = None
    damaged_rows: Zero | None = None
    flipped_rows: Zero | None = None
    recall: ShareLimit | None = None
    recall_recovered: ShareLimit | None = None

    def given(self) -> dict[str, float | Multiples]:
        """Return the limits that are set, by figure."""
        return {name: value for name, value in self if name != "calibrated" and value is not None}

    def written(self) -> dict[str, Any]:
        """Return the limits that are set as they are written into a run's folder."""
        values: dict[str, Any] = self.model_dump(exclude={"calibrated"}, exclude_none=True)
        return values


def load_limits(profile_or_path: str | Path, scenario: str, *, known: Collection[str] = SCENARIOS) -> Limits:
    """Return a scenario's limits out of a shipped profile ("fast", "default") or a file of the user's.

    `known` are the scenarios that the file may name besides this one; a scenario without a table takes the
    defaults, and one may lift a limit of theirs by `false`. Rows lost, changed or made up are held to 0 where the file
    says nothing of them. Every table is checked, also those not asked for.

    Raises:
        BadInput: no such file, no TOML, an unknown table or key, a value that is no limit.
    """
    where, tables = _read(profile_or_path)
    allowed = (DEFAULTS, scenario, *known)
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise BadInput(f"{name} stands outside a table", where=where, mend=f"put it under [{DEFAULTS}]")
        if name not in allowed:
            raise BadInput(f"unknown scenario {name!r}", where=f"{where}, [{name}]", mend=_meant(name, allowed))
        _checked(table, f"{where}, [{name}]")
    none = dict.fromkeys(DATA, 0.0)
    return _checked({**none, **tables.get(DEFAULTS, {}), **tables.get(scenario, {})}, where)


def _without_lifted(table: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the limits that are false: those that a scenario lifts from the defaults."""
    return {key: value for key, value in table.items() if value is not False or key == "calibrated"}


def _read(profile_or_path: str | Path) -> tuple[str, dict[str, Any]]:
    """Return what to call the file in errors, and its tables."""
    shipped = str(profile_or_path) in PROFILES
    path = files("harness.slo") / f"{profile_or_path}.toml" if shipped else Path(profile_or_path)
    where = path.name if shipped else str(profile_or_path)
    try:
        return where, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        mend = f"give a file that can be read, or a profile: {_meant(where, PROFILES)}"
        raise BadInput(f"no limits: {error.strerror or error}", where=where, mend=mend) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("not a TOML file", where=where, mend=f"correct it: {error}") from None


def _checked(table: Mapping[str, Any], where: str) -> Limits:
    try:
        return Limits.model_validate(_without_lifted(table))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _explained(str(first["loc"][0]), first["type"], first["input"], where) from None


def _explained(key: str, kind: str, value: object, where: str) -> BadInput:
    if kind == "extra_forbidden":
        return BadInput(f"unknown limit {key!r}", where=f"{where} {key}", mend=_meant(key, Limits.model_fields))
    if key == "calibrated":
        wanted = "true or false"
    elif key in ("availability", "recall", "recall_recovered"):
        wanted = "a number from 0 to 1"
    elif key in DATA:
        wanted = "0"
    elif key in MACHINE_SECONDS:
        wanted = "a number of at least 0, multiples such as { sessions = 2, starts = 1.5 }"
    elif key in ("steady_p95_ms", "steady_p99_ms"):
        wanted = "a number of at least 0, multiples such as { searches = 20, clients = 5 }"
    else:
        wanted = "a number of at least 0"
    mend = f"give {wanted}, or leave the key out"
    return BadInput(f"{key} = {value!r} is no limit", where=f"{where} {key}", mend=mend)


def _meant(word: str, known: Collection[str]) -> str:
    """Return the nearest known word as a question, or all of them."""
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"
