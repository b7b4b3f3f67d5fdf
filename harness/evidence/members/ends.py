"""Who left though no fault said so, who reports which version in the end, and who serves nothing.

Source: docs/measuring.md: members.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness.checks.windows import Windows
from harness.cluster import version_of
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
    for event in history.of(EventKind.FAULT):
        of = event.detail.get("action", "")
        if event.what == "inject":
            under_way[of] = _UnderWay(event.t_ns)
        if action := under_way.get(of):
            yield from _ended(event, action)
        if event.what == "healed":
            under_way.pop(of, None)
    for action in under_way.values():
        yield from ((since - _NEAR_NS, math.inf, name) for name, since in action.since_ns.items())


def _ended(event: Event, action: _UnderWay) -> Iterator[tuple[int, float, str]]:
    """Note the members that an action tells of, and yield the stretches that end with this event."""
    for name in _named(event):
        leaving = event.detail.get("what") == "leaving"
        action.since_ns.setdefault(name, event.t_ns if leaving else action.begin_ns)
        if event.detail.get("what") == "ready":
            yield action.since_ns.pop(name) - _NEAR_NS, event.t_ns + _NEAR_NS, name
    if event.what == "healed":
        yield from ((since - _NEAR_NS, event.t_ns + _NEAR_NS, name) for name, since in action.since_ns.items())


def _named(event: Event) -> set[str]:
    return {name for key in ("members", "member") for name in event.detail.get(key, "").split(", ") if name}


def wrong_versions(history: History, windows: Windows) -> tuple[Event, ...] | None:
    """Return the members that report another version in the end than was declared; None where none reports any."""
    told = list(history.of(EventKind.MEMBER, what="version"))
    in_the_end = [event for event in told if event.t_ns >= windows.end_ns]
    if not in_the_end:
        return None
    declared = _declared(history, told[0], in_the_end[0])
    return tuple(event for event in in_the_end if _reported(event) != declared)


def _declared(history: History, first: Event, last: Event) -> Version:
    """Return what the last upgrade went to, else the release that was asked for.

    What is no release, as a server's folder, declares nothing; nor is anything known of a build that reports none (the
    2.3.0 wheel calls itself v2.2-testing). Then all must be as the first to report is: in the end after an upgrade,
    else in the beginning.
    """
    upgrades = [event.detail["to"] for event in history.of(EventKind.FAULT, what="inject") if "to" in event.detail]
    if upgrades:
        return version_of(upgrades[-1]) or _reported(last)
    asked = next((_reported(event) for event in history.of(EventKind.MEMBER, what="declared")), None)
    return asked if asked and len(version_of(first.detail["version"])) == _RELEASE else _reported(first)


def _reported(event: Event) -> Version:
    """Return a version's numbers, or its text where it has none."""
    return version_of(event.detail["version"]) or event.detail["version"]


def idle_query_nodes(history: History) -> int | None:
    """Return how many query nodes served no segment in the end; None where nobody looked, or too few are there."""
    told = list(history.of(EventKind.MEMBER, what="serving"))
    if not told:
        return None
    serving, living, segments = (int(told[-1].detail[key]) for key in ("nodes", "of", "segments"))
    return max(0, min(living, segments) - serving)


def member_findings(history: History, windows: Windows) -> Iterator[Finding]:
    """Name the members that ended, report another version or serve nothing, though nothing said they should."""
    if ends := unplanned_ends(history, windows):
        told = _told(ends, lambda event: event.name)
        yield Finding("restart", f"ended though no fault said so: {told}", len(ends), t_ns=ends[0].t_ns)
    if wrong := wrong_versions(history, windows):
        told = _told(wrong, lambda event: f"{event.name} reports {event.detail['version']}")
        yield Finding("version", f"at another version than declared: {told}", len(wrong), t_ns=wrong[0].t_ns)
    if idle := idle_query_nodes(history):
        last = list(history.of(EventKind.MEMBER, what="serving"))[-1]
        nodes, living = last.detail["nodes"], last.detail["of"]
        yield Finding("idle", f"only {nodes} of {living} query nodes serve segments in the end", idle, t_ns=last.t_ns)


def _told(events: tuple[Event, ...], name: Callable[[Event], str]) -> str:
    more = ", \u2026" if len(events) > _NAMED else ""
    return ", ".join(map(name, events[:_NAMED])) + more
