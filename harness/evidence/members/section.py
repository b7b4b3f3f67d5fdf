"""What the members did, as a strip a member: equal neighbours merged, and only those that anything happened to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from markupsafe import Markup

from harness.checks.windows import LIVES
from harness.events import said_by
from harness.evidence.members.events import VersionReported
from harness.history import Event, EventKind
from harness.report import svg, track
from harness.report.axis import Axis
from harness.report.chart import AxisSpan
from harness.report.section import Section
from harness.report.text import joined, plural
from harness.report.view import ScenarioView

_STATES = {"up": "up", "starting": "starting", "down": "down", "paused": "paused", "gone": "absent"}
_WORDS = {"starting": "starting", "down": "down", "paused": "paused", "absent": "gone"}
_FIRST_LOOK_S = 0.5  # a watcher's first look names everyone at once: who is seen then was there before
_MOST_NAMED = 6


@dataclass(frozen=True)
class Stretch:
    """A member in one state, at one version, from `begin_s` until `end_s` on the shared axis."""

    begin_s: float
    end_s: float
    state: str
    version: str


@dataclass(frozen=True)
class Lane:
    """A member's stretches, without gaps, in order of time."""

    member: str
    stretches: tuple[Stretch, ...]

    @property
    def is_eventful(self) -> bool:
        """Whether its state or version ever changed."""
        return len(self.stretches) > 1


class MembersSection(Section):
    """When each member was up, down, starting or gone, and at which version."""

    def lanes(self, view: ScenarioView, axis: Axis, top: float) -> tuple[Markup, float]:
        """Return a strip a member."""
        found = lanes(axis.timed(view), view.record.versions, view.record.versions_after, axis.span)
        return draw(found, axis.span, top)


def lanes(
    events: Iterable[tuple[float, Event]], before: Mapping[str, str], after: Mapping[str, str], span: AxisSpan
) -> tuple[Lane, ...]:
    """Lay out every member that is known, by the time of its first event; events come with their time on the axis.

    `before` and `after` are the versions that members reported. A member that is not in `before` and first seen
    coming up, later than the others, was not there until then.
    """
    seen: dict[str, list[tuple[float, Event]]] = {name: [] for name in before}
    for t_s, event in events:
        if event.kind is EventKind.MEMBER and event.what in (*LIVES, "version"):
            seen.setdefault(event.name, []).append((t_s, event))
    first = min((t_s for found in seen.values() for t_s, _ in found), default=0.0)
    late = {name for name, found in seen.items() if name not in before and found[0][0] > first + _FIRST_LOOK_S}
    begin = {name: Stretch(span.begin_s, span.end_s, _state(name, late), before.get(name, "")) for name in seen}
    drawn = [_lane(name, seen[name], begin[name], after) for name in seen]
    visible = [Lane(lane.member, tuple(_visible(lane.stretches, span))) for lane in drawn]
    return tuple(sorted(visible, key=lambda lane: lane.stretches[0].end_s))


def _state(name: str, late: Collection[str]) -> str:
    return "absent" if name in late else "up"


def _lane(name: str, seen: Sequence[tuple[float, Event]], now: Stretch, after: Mapping[str, str]) -> Lane:
    changed = _last_start(seen) if after.get(name, now.version) != now.version else None
    done: list[Stretch] = []
    for number, (t_s, event) in enumerate(seen):
        reported = said_by(event, VersionReported)
        version = reported.version if reported else (after[name] if number == changed else now.version)
        fresh = replace(now, begin_s=t_s, state=_STATES.get(event.what, now.state), version=version)
        if (fresh.state, fresh.version) != (now.state, now.version):
            done.append(replace(now, end_s=t_s))
            now = fresh
    return Lane(name, (*done, now))


def _last_start(seen: Sequence[tuple[float, Event]]) -> int | None:
    """Return which event brought the version that a member reported in the end: its last coming up."""
    ups = [number for number, (_, event) in enumerate(seen) if event.what == "up"]
    return ups[-1] if ups else None


def _visible(stretches: Iterable[Stretch], span: AxisSpan) -> Iterator[Stretch]:
    """Drop what lies outside the axis or lasted no time."""
    for one in stretches:
        begin, end = max(one.begin_s, span.begin_s), min(one.end_s, span.end_s)
        if end > begin:
            yield replace(one, begin_s=begin, end_s=end)


def draw(found: Sequence[Lane], span: AxisSpan, top: float) -> tuple[Markup, float]:
    """Return the strips of eventful members, a line of text for all others, and the height of both in pixels."""
    eventful = [lane for lane in found if lane.is_eventful]
    quiet = [lane.member for lane in found if not lane.is_eventful]
    parts = [_row(lane, span, top + track.ROW * number) for number, lane in enumerate(eventful)]
    height = track.ROW * len(eventful)
    if quiet:
        words, y = _quiet_text(quiet, bool(eventful)), f"{top + height + 12:g}"
        parts.append(svg.element("text", words, x=0, y=y, class_="note halo"))
        height += 20
    return svg.group(parts), height


def _quiet_text(quiet: Sequence[str], others: bool) -> str:
    count = f"{len(quiet)} other members" if others and len(quiet) != 1 else plural(len(quiet), "member")
    named = joined(quiet) if len(quiet) <= _MOST_NAMED else ""
    return f"{count} up throughout" + (f": {named}" if named and len(named) < 40 else "")


def _row(lane: Lane, span: AxisSpan, top: float) -> Markup:
    changes = sorted(pairwise(lane.stretches), key=lambda pair: pair[0].version == pair[1].version)
    said = [(after.begin_s, _words(before, after)) for before, after in changes]  # versions first
    return track.row(lane.member, [_strip(one, span, top) for one in lane.stretches], said, span, top)


def _strip(one: Stretch, span: AxisSpan, top: float) -> Markup:
    # One that starts has not reported a version yet, and is nearly what one that is down is.
    starting = one.state == "starting"
    version = "" if starting else one.version
    title = track.lasting(" ".join(filter(None, [one.state, version, "for"])), one.begin_s, one.end_s)
    style = "down" if starting else one.state
    return track.strip(one.begin_s, one.end_s, style, title, span, top=top, faint=starting)


def _words(before: Stretch, after: Stretch) -> str:
    if after.state != "up":
        lasted = track.lasting(_WORDS[after.state], after.begin_s, after.end_s)
        return f"new, {lasted}" if (before.state, after.state) == ("absent", "starting") else lasted
    if before.state == "absent":
        return f"new {after.version}".strip()
    if after.version and after.version != before.version:
        return f"\u2192 {after.version}"
    return ""
