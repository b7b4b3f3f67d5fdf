"""What a judgement measures: the history, the answers that each kind of client got, and the stretches of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.checks.answers import Answers, Stream
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows
from harness.history import History, Offered
from harness.kind import WRITES, Kind
from harness.verdict import NOTHING_SEEN, Client, Marks


@dataclass(frozen=True, eq=False)
class Inputs:
    """A history, and what every kind of evidence judges it by.

    The answers are sorted by kind of client; `steady` are the searches of the steady state. `held` are the limits, by
    figure. `faulted`: the plan does something to the cluster, or something was done. `yardstick`: its
    parts that limits rest on. `seen` are the moments of it as
    searches saw them, `served` how each kind of client was.
    """

    history: History
    answers: Answers
    searches: Stream
    stock: Stream
    writes: Stream
    reads: Stream
    steady: Stream
    windows: Windows
    held: Mapping[str, float]
    thresholds: Thresholds
    faulted: bool
    yardstick: tuple[str, ...] = ()
    seen: Marks = NOTHING_SEEN
    served: Mapping[str, Client] = field(default_factory=dict)

    @property
    def traffic(self) -> Offered:
        """What was offered."""
        return self.history.traffic


def inputs_of(
    history: History,
    answers: Answers,
    windows: Windows,
    held: Mapping[str, float],
    thresholds: Thresholds,
    *,
    faulted: bool = True,
) -> Inputs:
    """Sort the answers by kind and window."""
    searches = answers.stream(Kind.SEARCH)
    return Inputs(
        history=history,
        answers=answers,
        searches=searches,
        stock=answers.stream(Kind.STOCK),
        writes=answers.stream(*WRITES),
        reads=answers.stream(Kind.READ),
        steady=searches.between(*(windows.steady or (0, 0))),
        windows=windows,
        held=held,
        thresholds=thresholds,
        faulted=faulted,
    )
