"""What a judgement measures: the answers that each kind of client got, and the stretches of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.checks.answers import Answers, Stream
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows
from harness.history import Offered
from harness.kind import WRITES, Kind


@dataclass(frozen=True, eq=False)
class Inputs:
    """The answers by kind of client, and what they are held to: `held`, by figure.

    `steady` are the searches of the steady state.
    """

    searches: Stream
    stock: Stream
    writes: Stream
    reads: Stream
    steady: Stream
    windows: Windows
    held: Mapping[str, float]
    thresholds: Thresholds
    traffic: Offered


def inputs_of(
    answers: Answers, windows: Windows, held: Mapping[str, float], thresholds: Thresholds, traffic: Offered
) -> Inputs:
    """Sort the answers by kind and window."""
    searches = answers.stream(Kind.SEARCH)
    steady = searches.between(*(windows.steady or (0, 0)))
    return Inputs(
        searches=searches,
        stock=answers.stream(Kind.STOCK),
        writes=answers.stream(*WRITES),
        reads=answers.stream(Kind.READ),
        steady=steady,
        windows=windows,
        held=held,
        thresholds=thresholds,
        traffic=traffic,
    )
