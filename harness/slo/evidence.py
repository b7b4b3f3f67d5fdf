"""What a kind of evidence is: one side from which a run is seen. What it records, what it judges, what it shows.

The spine knows no kind by its name: each is one folder in `harness.evidence`, or in a package of somebody's, and found
by an entry point of the group `milvus_harness.evidence`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import Any, ClassVar

from harness.errors import BadInput, broken_package
from harness.slo.figure import NOT_APPLICABLE, Figure, Figures, Group
from harness.slo.inputs import Inputs
from harness.verdict import Finding, Validity

GROUP = "milvus_harness.evidence"


@dataclass(frozen=True)
class Evidence:
    """What an entry point names. Its parts are named as "module:class", and imported when they are used.

    `place` is where it stands among the others: the harness's own have 10 to 90. `judge` is a `Judge`, `recorder` a
    `harness.run.recorder.Recorder`, `section` a `harness.report.section.Section`, `rows` a tuple of the selftest's rows
    (`harness.selftest.row.Row`); it may have any of them.

    What does not fit into events lies in `files` of the scenario's folder (patterns), which are sealed with the run.
    The function `reader` turns that folder into what `History.recorded` holds by the kind's name; it raises BadInput
    for damaged files.
    """

    name: str
    place: int
    judge: str = ""
    recorder: str = ""
    section: str = ""
    rows: str = ""
    reader: str = ""
    files: tuple[str, ...] = ()

    def part(self, name: str) -> Any:
        """Return a part, None where it has none. Errors: BadInput where it can't be imported."""
        told = getattr(self, name)
        try:
            return resolve_name(told) if told else None
        except Exception as error:  # whatever somebody's package does as it is imported
            raise broken_package(f"evidence {self.name!r}", error) from error


@dataclass(frozen=True)
class Part:
    """What a kind of evidence measured: figures, and the findings that name what they count."""

    figures: Figures = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class Judge:
    """What a kind of evidence makes of a history: pure, without a clock, a network or a file.

    It overrides what it has something to say to. Errors of its own make the run INVALID, with its name.
    """

    figures: ClassVar[tuple[Figure, ...]] = ()

    def measure(self, at: Inputs) -> Part:
        """Return the figures by name; one that is missing was not measured."""
        del at
        return Part()

    def steady(self, at: Inputs) -> Iterator[Validity]:
        """Yield what makes the stretch before the first fault one to compare with."""
        del at
        yield from ()

    def conditions(self, at: Inputs) -> Iterator[Validity]:
        """Yield what its figures' meaning rests on, apart from the steady state.

        It is asked of every scenario: ask for nothing where none of the figures is held to a limit (`at.held`).
        """
        del at
        yield from ()

    def confirmation(self, at: Inputs) -> Iterator[Validity]:
        """Yield what a violation of a figure that decides must rest on, to count whatever else is unmet.

        Where nothing is yielded none does.
        """
        del at
        yield from ()

    def findings(self, at: Inputs) -> Iterator[Finding]:
        """Yield what was seen, whatever a limit makes of it."""
        del at
        yield from ()

    def proofs(self, at: Inputs, broken: Collection[str]) -> Iterator[Finding]:
        """Yield what a broken limit comes from, for those of its figures that no other finding tells of."""
        del at, broken
        yield from ()

    def disturbances(self, at: Inputs) -> Iterator[Validity]:
        """Yield what beside Milvus may have made it slow, whether or not it did."""
        del at
        yield from ()

    def lack(self, at: Inputs) -> Validity | None:
        """Return that the surroundings were too weak for the traffic, which explains all else that is unmet."""
        del at
        return None


def not_applicable(judge: Judge) -> Part:
    """Return that none of a kind's figures means anything in this scenario: without traffic, without a collection."""
    return Part({figure.name: NOT_APPLICABLE for figure in judge.figures})


@cache  # what is installed does not change while a command runs
def kinds() -> tuple[Evidence, ...]:
    """Return every kind of evidence that is installed, in order. Errors: BadInput for one that can't be loaded."""
    found = [_loaded(point) for point in entry_points(group=GROUP)]
    if not found:
        mend = "install it again, e.g. pip install -e '.[run]': its kinds of evidence are entry points"
        raise BadInput("the harness is not installed as it is now", where=GROUP, mend=mend)
    _apart([one.name for one in found], "kinds of evidence")
    return tuple(sorted(found, key=lambda one: (one.place, one.name)))


def _loaded(point: Any) -> Evidence:
    try:
        found: Evidence = point.load()
        found.part("judge")
    except BadInput:
        raise
    except Exception as error:  # as above
        raise broken_package(f"evidence {point.name!r}", error) from error
    return found


def require(*parts: str) -> None:
    """Refuse a kind of which one of these parts can't be imported, before anything rests on it. Errors: BadInput."""
    for one in kinds():
        for part in parts:
            one.part(part)


@cache
def judges() -> tuple[tuple[str, Judge], ...]:
    """Return what each kind judges with, by its name, in order."""
    return tuple((one.name, made()) for one in kinds() if (made := one.part("judge")))


@cache
def figures() -> tuple[Figure, ...]:
    """Return every figure, by group and then by kind. Errors: BadInput where two have one name."""
    declared = [figure for _, judge in judges() for figure in judge.figures]
    _apart(["calibrated", *(figure.name for figure in declared)], "figures")
    groups = list(dict.fromkeys([*Group, *(figure.group for figure in declared)]))
    return tuple(sorted(declared, key=lambda one: groups.index(one.group)))


def _apart(names: Sequence[str], where: str) -> None:
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        mend = "rename one, or uninstall a package that brings it"
        raise BadInput(f"there is more than one {', '.join(twice)}", where=where, mend=mend)


def figure_of_check(check: str) -> Figure | None:
    """Return the figure that a finding's check witnesses, if it names one."""
    return next((one for one in figures() if check == one.witness), None)
