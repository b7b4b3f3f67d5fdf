"""The stretches of a scenario's time that figures are measured over.

Source: docs/measuring.md: steady state, the fault's window, the observation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.history import EventKind, History

Span = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """Moments on the history's clock, ns; None where there was none. `end_ns` ends all measuring.

    `restored_ns`: the last fault has been seen healed and the last member is up; None where a fault that took
    effect was never seen healed, or a member is not up in the end.
    """

    steady: Span | None
    effect_ns: int | None
    healed_ns: int | None
    restored_ns: int | None
    begin_ns: int
    end_ns: int

    @property
    def judged(self) -> Span:
        """[t_eff, t_heal + observation]: the fault and what followed; without a fault all that was measured."""
        return (self.begin_ns if self.effect_ns is None else self.effect_ns, self.end_ns)


def windows(history: History) -> Windows:
    """Read the windows off the events.

    The observation ends with the last phase `observe`, whose length the plan fixes; where a run ended before that, at
    its last operation.
    """
    effects = [e.t_ns for e in history.of(EventKind.FAULT, what="effect")]
    effect_ns = min(effects, default=None)
    healed_ns = _healed_ns(history)
    steady = history.phase("steady")
    end_ns = _end_ns(history)
    return Windows(
        steady=steady,
        effect_ns=effect_ns,
        healed_ns=healed_ns,
        restored_ns=None if healed_ns is None else _restored_ns(history, healed_ns, end_ns),
        begin_ns=min(_begin_ns(history, end_ns), end_ns),
        end_ns=end_ns,
    )


def _begin_ns(history: History, end_ns: int) -> int:
    """Return when measuring begins: with the steady state, else the traffic; without any, once the cluster is ready."""
    steady, ready = history.phase("steady"), history.phase("load") or history.phase("provision")
    if steady:
        return steady[0]
    if len(history.operations):
        return int(history.operations.intended_ns.min())
    return ready[1] if ready else end_ns


def _end_ns(history: History) -> int:
    begun = list(history.of(EventKind.PHASE, name="observe", what="begin"))
    ended = [e.t_ns for e in history.of(EventKind.PHASE, name="observe", what="end")]
    if ended and len(ended) == len(begun):
        return max(ended)
    steady = history.phase("steady")
    last = history.operations.intended_ns.max(initial=steady[1] - 1 if steady else -1)
    return int(last) + 1


def unmatched(history: History, what: str, *, by: str) -> tuple[str, ...]:
    """Return the faults with more events of one sort than of the other that must follow, e.g. inject and effect."""
    begun = Counter((e.action, e.name) for e in history.of(EventKind.FAULT, what=what))
    followed = Counter((e.action, e.name) for e in history.of(EventKind.FAULT, what=by))
    return tuple(sorted(each[1] for each, count in begun.items() if followed[each] < count))


def _healed_ns(history: History) -> int | None:
    healed = [e.t_ns for e in history.of(EventKind.FAULT, what="healed")]
    if not healed or unmatched(history, "effect", by="healed"):
        return None
    return max(healed)


# What becomes of a member, among its events.
LIVES = ("up", "starting", "down", "paused", "gone")


def _restored_ns(history: History, healed_ns: int, end_ns: int) -> int | None:
    seen = [e for e in history.of(EventKind.MEMBER) if e.t_ns < end_ns and e.what in LIVES]
    last = {e.name: e.what for e in seen}
    if not set(last.values()) <= {"up", "gone"}:
        return None
    return max([healed_ns, *(e.t_ns for e in seen if e.what == "up")])
