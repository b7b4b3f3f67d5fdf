"""What a figure is: declared once, by the kind of evidence that computes it, and all else is derived from that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum


class Group(StrEnum):
    """Figures that are shown together, in this order. A kind of evidence may name one of its own, shown after them."""

    LATENCY = "latency"
    SERVICE = "service"
    RECOVERY = "recovery"
    WRITES = "writes"
    FRESHNESS = "freshness"
    APPLICATIONS = "applications"
    MEMBERS = "members"
    RECALL = "recall"
    DATA = "data"


class Limited(Enum):
    """What a figure's limit may be: nothing, a number, a share, 0 alone, or a number that multiples may give."""

    NOT = "not"
    NUMBER = "a number of at least 0"
    SHARE = "a number from 0 to 1"
    ZERO = "0"
    SECONDS = "a number of at least 0, multiples such as { sessions = 2, starts = 1.5 }"
    MILLISECONDS = "a number of at least 0, multiples such as { searches = 20, clients = 5 }"


class Over(Enum):
    """The stretch that a figure is measured over."""

    STEADY = "the steady state"
    JUDGED = "from the fault's effect on; without a fault, all along"
    RECOVERED = "from recovery on"


class Blame(Enum):
    """What beside Milvus can break a figure's limit.

    NOTHING: what is wrong is no matter of time. SENDER: how many were served in time, so a sender that stood still can
    break it; a slow machine alone does not. MACHINE: a latency, or a recovery that asks for one.
    """

    NOTHING = 0
    SENDER = 1
    MACHINE = 2


@dataclass(frozen=True)
class Column:
    """A figure's column in the table of all scenarios: its name there, what it means, and where it stands."""

    name: str
    meaning: str
    place: int = 100


@dataclass(frozen=True)
class Figure:
    """A figure: its name in limits files, its label on the page, its unit, its definition in docs/measuring.md.

    `relation` is how it must stand to its limit. `of_fault`: only a fault gives it a meaning. `per_mille`: the
    percentile that it is, or is the ratio of. `endless`: it is infinite until something is reached, so a limit on it
    asks for an observation that is longer. `decides`: a violation is FAIL whatever else is unmet, where it is confirmed
    (Judge.confirmation); one that may only be 0 is held to 0 in every scenario whose limits do not lift it. `newer`:
    harnesses before 0.1.0 did not record what it is computed from.

    `check` is the name of the findings that witness it and `expected` what they are held against; without a name their
    check is the figure's own. `tabled`: a table of its kind shows it, so that it is not listed among those without a
    limit.
    """

    name: str
    label: str
    unit: str
    group: str
    definition: str = ""
    relation: str = "<="
    limited: Limited = Limited.NUMBER
    over: Over = Over.JUDGED
    blame: Blame = Blame.NOTHING
    per_mille: int = 0
    of_fault: bool = False
    endless: bool = False
    decides: bool = False
    newer: bool = False
    tabled: bool = False
    check: str = ""
    expected: str = ""
    column: Column | None = None

    @property
    def witness(self) -> str:
        """The check of the findings that witness it."""
        return self.check or self.name


def recovery_figure(name: str, label: str, group: Group, definition: str, column: Column | None = None) -> Figure:
    """Return the figure of until when a kind of client was served again for good."""
    return Figure(
        name,
        label,
        "s",
        group,
        definition,
        limited=Limited.SECONDS,
        blame=Blame.MACHINE,
        of_fault=True,
        endless=True,
        tabled=True,
        column=column,
    )


@dataclass(frozen=True)
class Measured:
    """A figure's value: NaN where it could not be measured, inf where it was never reached.

    A finite value of fewer than `needed` is not held to a limit, nor is an infinite one that was not `observed` for
    long enough to have become finite within its limit. `applies` is False where the traffic gives the figure no
    meaning.
    """

    value: float
    n: int
    interval: tuple[float, float] | None = None
    needed: int = 0
    observed: bool = True
    applies: bool = True


NOT_MEASURED = Measured(math.nan, 0)
NOT_APPLICABLE = replace(NOT_MEASURED, applies=False)
Figures = Mapping[str, Measured]


def passed(relation: str, measured: Measured, limit: float | None) -> bool | None:
    """Return whether a figure keeps its limit; None where there is no limit, no value or too little of it."""
    if limit is None or math.isnan(measured.value):
        return None
    if not (measured.n >= measured.needed if math.isfinite(measured.value) else measured.observed):
        return None
    return measured.value <= limit if relation == "<=" else measured.value >= limit
