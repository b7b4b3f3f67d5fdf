"""A limit as multiples of what the same run measured: true on every machine, as a number of seconds is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from harness.checks.yardstick import slower
from harness.events import ClusterStarted, said
from harness.history import NS_PER_S, History

Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
SESSION_SETTING = "common.session.ttl"
# [S] what Milvus 2.3.1 and later ship as common.session.ttl, in seconds; 2.3.0 has 60.
_SESSION_S = 30.0


@dataclass(frozen=True)
class Bases:
    """What limits are multiples of; None where nobody knows.

    `session_s`: after how long Milvus takes a silent member for gone. `start_s`: how long this machine took, in this
    run, from the start of the cluster's first member until all were ready. `client_ms` and `search_ms`: the yardstick
    (harness.load.yardstick), the slower of its two readings.
    """

    session_s: float | None = None
    start_s: float | None = None
    client_ms: float | None = None
    search_ms: float | None = None


class Multiples(BaseModel):
    """A sum of multiples. `BASES` are, by field, the words for its base, its name in Bases, and its unit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    BASES: ClassVar[Mapping[str, tuple[str, str, str]]] = {}

    @property
    def relative(self) -> bool:
        """Whether the machine has a part in it; else it rests on Milvus's own clock alone."""
        return any(name != "sessions" and factor for name, factor in self)

    def amount(self, bases: Bases) -> float | None:
        """Return the limit in its figure's unit, None where a base is not known."""
        used = [(factor, base) for factor, _, base, _ in self._parts(bases)]
        return None if any(base is None for _, base in used) else round(sum(f * (base or 0.0) for f, base in used), 6)

    def told(self, bases: Bases) -> str:
        """Return what the limit is made of, in words."""
        return " + ".join(
            f"{factor:g} x {words} " + ("(not known)" if base is None else f"{base:.3g} {unit}")
            for factor, words, base, unit in self._parts(bases)
        )

    def _parts(self, bases: Bases) -> list[tuple[float, str, float | None, str]]:
        return [
            (factor, words, getattr(bases, base), unit)
            for name, factor in self
            for words, base, unit in [self.BASES[name]]
            if factor
        ]


class Seconds(Multiples):
    """So many session time-outs, and so many starts of this cluster, added up."""

    BASES: ClassVar = {
        "sessions": ("session time-out", "session_s", "s"),
        "starts": ("this cluster's start", "start_s", "s"),
    }
    sessions: Factor = 0.0
    starts: Factor = 0.0


class Milliseconds(Multiples):
    """So many exact searches of the scenario's rows, and so many round trips of the client, added up."""

    BASES: ClassVar = {
        "searches": ("an exact search here", "search_ms", "ms"),
        "clients": ("the client's own round trip", "client_ms", "ms"),
    }
    searches: Factor = 0.0
    clients: Factor = 0.0


def session_s(settings: Mapping[str, str]) -> float:
    """Return the session time-out under settings that differ from the release's own, in seconds."""
    given = {key.lower(): value for key, value in settings.items()}
    try:
        return float(given[SESSION_SETTING])
    except (KeyError, ValueError):
        return _SESSION_S


def bases_of(history: History, session_s: float | None, *, older: bool = False, faulted: bool = True) -> Bases:
    """Return the bases of a run. An `older` harness did not say how long the start took: the cluster's making did.

    Where nothing is broken nothing has to start: if nobody knows how long that takes, no time is allowed for it.
    """
    start_s, machine = _start_s(history, older=older), slower(history)
    if start_s is None and not faulted:
        start_s = 0.0
    return Bases(session_s, start_s, machine.get("client"), machine.get("search"))


def _start_s(history: History, *, older: bool) -> float | None:
    started = next(said(history.events, ClusterStarted), None)
    if started is not None:
        return started.value.took_s
    made = history.phase("provision") if older else None
    return (made[1] - made[0]) / NS_PER_S if made else None
