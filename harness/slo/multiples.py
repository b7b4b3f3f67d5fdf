"""A limit as multiples of what the same run measured: true on every machine, as a number of seconds is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from harness.history import NS_PER_S, EventKind, History

Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
SESSION_SETTING = "common.session.ttl"
# [S] what Milvus 2.3.1 and later ship as common.session.ttl, in seconds; 2.3.0 has 60.
_SESSION_S = 30.0


@dataclass(frozen=True)
class Bases:
    """What limits are multiples of, in seconds; None where nobody knows.

    `session_s`: after how long Milvus takes a silent member for gone. `start_s`: how long this machine took, in this
    run, from the start of the cluster's first member until all were ready.
    """

    session_s: float | None = None
    start_s: float | None = None


class Multiples(BaseModel):
    """So many session time-outs, and so many starts of this cluster, added up."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sessions: Factor = 0.0
    starts: Factor = 0.0

    @property
    def relative(self) -> bool:
        """Whether the machine has a part in it; else it rests on Milvus's own clock alone."""
        return self.starts > 0

    def seconds(self, bases: Bases) -> float | None:
        """Return the limit in seconds, None where a base is not known."""
        parts = [(self.sessions, bases.session_s), (self.starts, bases.start_s)]
        used = [(factor, base) for factor, base in parts if factor]
        return None if any(base is None for _, base in used) else sum(factor * (base or 0.0) for factor, base in used)

    def told(self, bases: Bases) -> str:
        """Return what the limit is made of, in words."""
        parts = (
            (self.sessions, "session time-out", bases.session_s),
            (self.starts, "this cluster's start", bases.start_s),
        )
        return " + ".join(
            f"{factor:g} x {name} {'(not known)' if base is None else f'{base:.3g} s'}"
            for factor, name, base in parts
            if factor
        )


def session_s(settings: Mapping[str, str]) -> float:
    """Return the session time-out under settings that differ from the release's own, in seconds."""
    given = {key.lower(): value for key, value in settings.items()}
    try:
        return float(given[SESSION_SETTING])
    except (KeyError, ValueError):
        return _SESSION_S


def bases_of(history: History, session_s: float | None, *, older: bool = False) -> Bases:
    """Return the bases of a run. An `older` harness did not say how long the start took: the cluster's making did."""
    started = next(history.of(EventKind.MACHINE, what="started"), None)
    if started is not None:
        return Bases(session_s, float(started.detail["took_s"]))
    made = history.phase("provision") if older else None
    return Bases(session_s, (made[1] - made[0]) / NS_PER_S if made else None)
