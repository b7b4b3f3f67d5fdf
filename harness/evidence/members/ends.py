"""Who left though no fault said so, who reports which version in the end, and who serves nothing.

Source: docs/measuring.md: members.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.checks.windows import Windows
from harness.cluster import version_of
from harness.events import OfAction, Said, said
from harness.evidence.members.events import ReleaseDeclared, Serving, VersionReported
from harness.history import NS_PER_S, Event, EventKind, History
from harness.verdict import Finding

# A member that a fault hits is seen to be down up to this much before or after the fault tells of it.
_NEAR_NS = NS_PER_S
_NAMED = 10
_RELEASE = 3  # numbers that a release has
Version = tuple[int, ...] | str


def unplanned_ends(history: History, windows: Windows) -> tuple[Event, ...]:
    """Return the ends of members, from the steady state's begin to the observation's end, that no fault tells of.

    A fault tells of the members that it names, from its injection to its healing; of one that a gradual change asks
    to leave, from then on, and until it is ready: one that ends again while others are changed was not asked to.
    """
    planned = tuple(_planned(history))
    return tuple(
        event
        for event in history.of(EventKind.MEMBER, what="down")
        if windows.begin_ns <= event.t_ns < windows.end_ns
        and not any(begin <= event.t_ns <= end and event.name == name for begin, end, name in planned)
    )


@dataclass
class _UnderWay:
    """An action that has begun: when, and since when each member that it named may end."""

    begin_ns: int
    since_ns: dict[str, int] = field(default_factory=dict)


def _planned(history: History) -> Iterator[tuple[int, float, str]]:
    """Yield from when to when each action lets which member end. What never healed is under way still.

    Actions may overlap: each by its id, which an older harness did not record.
    """
    under_way: dict[str, _UnderWay] = {}
    for told in said(history.events, OfAction):
        of = told.value.action
        if told.what == "inject":
            under_way[of] = _UnderWay(told.t_ns)
        if action := under_way.get(of):
            yield from _ended(told, action)
        if told.what == "healed":
            under_way.pop(of, None)
    for action in under_way.values():
        yield from ((since - _NEAR_NS, math.inf, name) for name, since in action.since_ns.items())


def _ended(told: Said[OfAction], action: _UnderWay) -> Iterator[tuple[int, float, str]]:
    """Note the members that an action tells of, and yield the stretches that end with this."""
    for name in told.value.named:
        action.since_ns.setdefault(name, told.t_ns if told.value.what == "leaving" else action.begin_ns)
        if told.value.what == "ready":
            yield action.since_ns.pop(name) - _NEAR_NS, told.t_ns + _NEAR_NS, name
    if told.what == "healed":
        yield from ((since - _NEAR_NS, told.t_ns + _NEAR_NS, name) for name, since in action.since_ns.items())


def wrong_versions(history: History, windows: Windows) -> tuple[Said[VersionReported], ...] | None:
    """Return the members that report another version in the end than was declared; None where none reports any."""
    told = list(said(history.events, VersionReported))
    in_the_end = [one for one in told if one.t_ns >= windows.end_ns]
    if not in_the_end:
        return None
    declared = _declared(history, told[0].value.version, in_the_end[0].value.version)
    return tuple(one for one in in_the_end if _release(one.value.version) != declared)


def _declared(history: History, first: str, last: str) -> Version:
    """Return what the last upgrade went to, else the release that was asked for.

    What is no release, as a server's folder, declares nothing; nor is anything known of a build that reports none (the
    2.3.0 wheel calls itself v2.2-testing). Then all must be as the first to report is: in the end after an upgrade,
    else in the beginning.
    """
    upgrades = [one.value.to for one in said(history.events, OfAction) if one.what == "inject" and one.value.to]
    if upgrades:
        return version_of(upgrades[-1]) or _release(last)
    asked = next((_release(one.value.version) for one in said(history.events, ReleaseDeclared)), None)
    return asked if asked and len(version_of(first)) == _RELEASE else _release(first)


def _release(version: str) -> Version:
    """Return a version's numbers, or its text where it has none."""
    return version_of(version) or version


def idle_query_nodes(history: History) -> int | None:
    """Return how many query nodes served no segment in the end; None where nobody looked, or too few are there."""
    last = last_serving(history)
    return idle(last.value) if last else None


def last_serving(history: History) -> Said[Serving] | None:
    """Return who was last seen to serve; None where nobody looked."""
    return next(reversed(list(said(history.events, Serving))), None)


def idle(serving: Serving) -> int:
    """Return how many serve nothing, of those that could."""
    return max(0, min(serving.of, serving.segments) - serving.nodes)


def member_findings(
    ended: Sequence[Event], wrong: Sequence[Said[VersionReported]], last: Said[Serving] | None
) -> Iterator[Finding]:
    """Name the members that ended, report another version or serve nothing, though nothing said they should."""
    if ended:
        told = _told([event.name for event in ended])
        yield Finding("restart", f"ended though no fault said so: {told}", len(ended), t_ns=ended[0].t_ns)
    if wrong:
        told = _told([f"{one.name} reports {one.value.version}" for one in wrong])
        yield Finding("version", f"at another version than declared: {told}", len(wrong), t_ns=wrong[0].t_ns)
    if last and (count := idle(last.value)):
        message = f"only {last.value.nodes} of {last.value.of} query nodes serve segments in the end"
        yield Finding("idle", message, count, t_ns=last.t_ns)


def _told(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", \u2026" if len(names) > _NAMED else "")
