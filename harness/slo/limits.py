"""The file of limits: one table of defaults, one table a scenario on top of it; nothing in it is ignored."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from harness.errors import BadInput
from harness.slo.evidence import figures
from harness.slo.figure import Figure, Limited
from harness.slo.multiples import Milliseconds, Multiples, Seconds

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
_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_TYPES: Mapping[Limited, Any] = {
    Limited.NUMBER: _Number,
    Limited.SHARE: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)],
    # Of acknowledged data nothing may be lost: docs/measuring.md.
    Limited.ZERO: Annotated[float, Field(ge=0, le=0)],
    Limited.SECONDS: _Number | Seconds,
    Limited.MILLISECONDS: _Number | Milliseconds,
}


@dataclass(frozen=True, init=False)
class Limits:
    """The limits of one scenario by figure, numbers or multiples (harness.slo.multiples).

    Most are the highest value allowed; those on shares are the lowest. `calibrated` says that they were set from
    measured runs.
    """

    amounts: Mapping[str, float | Multiples]
    calibrated: bool = False

    def __init__(self, *, calibrated: bool = False, **amounts: float | Multiples) -> None:
        object.__setattr__(self, "amounts", amounts)
        object.__setattr__(self, "calibrated", calibrated)

    @classmethod
    def of(cls, table: Mapping[str, Any], *, strict: bool = True) -> Limits:
        """Return the limits of a table, each checked by its figure. Raises pydantic's ValidationError."""
        checked = _table().model_validate(dict(table), strict=strict)
        return cls(**{name: value for name, value in checked if value is not None})

    def written(self) -> dict[str, Any]:
        """Return the limits as they are written into a run's folder."""
        return {
            name: limit if isinstance(limit, float | int) else limit.model_dump()
            for name, limit in self.amounts.items()
        }


def limitable() -> tuple[Figure, ...]:
    """Return the figures that can have a limit."""
    return tuple(figure for figure in figures() if figure.limited is not Limited.NOT)


@cache  # of what is installed, which does not change
def _table() -> type[BaseModel]:
    """Return what checks a table of limits: a field for each figure that can have one."""
    fields: dict[str, Any] = {figure.name: (_TYPES[figure.limited] | None, None) for figure in limitable()}
    config = ConfigDict(extra="forbid", frozen=True)
    return create_model("LimitsTable", __config__=config, calibrated=(bool, False), **fields)


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
    none = {one.name: 0.0 for one in figures() if one.decides and one.limited is Limited.ZERO}
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
        return Limits.of(_without_lifted(table))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _explained(str(first["loc"][0]), first["input"], where) from None


def _explained(key: str, value: object, where: str) -> BadInput:
    wanted = {"calibrated": "true or false", **{figure.name: figure.limited.value for figure in limitable()}}
    if key not in wanted:
        return BadInput(f"unknown limit {key!r}", where=f"{where} {key}", mend=_meant(key, wanted))
    mend = f"give {wanted[key]}, or leave the key out"
    return BadInput(f"{key} = {value!r} is no limit", where=f"{where} {key}", mend=mend)


def _meant(word: str, known: Collection[str]) -> str:
    """Return the nearest known word as a question, or all of them."""
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"
