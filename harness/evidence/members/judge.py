"""What became of the members themselves; of an address alone, whose members nobody sees, it says nothing.

Source: docs/measuring.md: members; steady state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.checks.windows import LIVES, Span
from harness.evidence.members import ends
from harness.history import EventKind, History
from harness.slo.evidence import Judge, Part
from harness.slo.figure import NOT_APPLICABLE, NOT_MEASURED, Figure, Group, Measured
from harness.slo.inputs import Inputs
from harness.verdict import Validity

FIGURES = (
    Figure(
        "unplanned_restarts",
        "Members that ended though no fault said so",
        "members",
        Group.MEMBERS,
        "members that ended though no fault said so (one that a roll asks to leave may, until it is ready)",
        newer=True,
        check="restart",
        expected="a member goes only where the plan ends it",
    ),
    Figure(
        "wrong_versions",
        "Members at another version than declared",
        "members",
        Group.MEMBERS,
        "members in the end at another version than the last upgrade went to, else than the release that was asked "
        "for (where none was declared, as by a server's folder, or the build reports none: than the first of them)",
        newer=True,
        check="version",
        expected="in the end every member reports the version that was declared, or that the last upgrade went to",
    ),
    Figure(
        "idle_query_nodes",
        "Query nodes that serve no segment in the end",
        "members",
        Group.MEMBERS,
        "query nodes that serve no segment in the end",
        newer=True,
        check="idle",
        expected="in the end every query node serves segments, as long as there are enough of them",
    ),
)
_DISTURBING = ("down", "starting", "up", "paused")


class Members(Judge):
    """Each member's life as the harness watched it, and what each reported of itself."""

    figures = FIGURES

    def measure(self, at: Inputs) -> Part:
        """Return how many members ended, report another version or serve nothing, and name them."""
        told = list(at.history.of(EventKind.MEMBER))
        watched = any(event.what in LIVES for event in told)
        ended, wrong = ends.unplanned_ends(at.history, at.windows), ends.wrong_versions(at.history, at.windows)
        last = ends.last_serving(at.history)
        counted = {
            "unplanned_restarts": len(ended) if watched else None,
            "wrong_versions": None if wrong is None else len(wrong),
            "idle_query_nodes": ends.idle(last.value) if last else None,
        }
        figures = {
            name: replace(NOT_MEASURED, applies=watched) if value is None else Measured(float(value), len(told))
            for name, value in counted.items()
        }
        if not at.history.has_collection:
            figures["idle_query_nodes"] = NOT_APPLICABLE  # there is nothing to serve
        return Part(figures, tuple(ends.member_findings(ended, wrong or (), last)))

    def steady(self, at: Inputs) -> Iterator[Validity]:
        """Yield whether all members were up and unchanged."""
        if at.windows.steady:
            yield _undisturbed(at.history, at.windows.steady)


def _undisturbed(history: History, steady: Span) -> Validity:
    """Every member that is there must be up as the steady state begins, and stay as it is."""
    before = {e.name: e.what for e in history.of(EventKind.MEMBER) if e.what in LIVES and e.t_ns < steady[0]}
    seen = [f"{name} {what}" for name, what in before.items() if what not in ("up", "gone")]
    seen += [
        f"{e.name} {e.what}"
        for e in history.of(EventKind.MEMBER)
        if e.what in _DISTURBING and steady[0] <= e.t_ns < steady[1]
    ]
    required = "all up, unchanged"
    return Validity("Members in the steady state", ", ".join(seen) or required, required, ok=not seen)
