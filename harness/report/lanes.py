"""What the members did, as a strip a member: equal neighbours merged, and only those that anything happened to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from harness.history import Event, EventKind
from harness.report import svg
from harness.report.chart import Span
from harness.report.text import joined, plural

ROW = 27.0  # pixels a member
_STRIP = 7.0
_STATES = {"up": "up", "down": "down", "paused": "paused"}
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


def lanes(events: Iterable[tuple[float, Event]], versions: Mapping[str, str], span: Span) -> tuple[Lane, ...]:
    """Lay out every member that is known, those with events first; events come with their time on the axis.

    A member of `versions` is up from the beginning; one that is first seen coming up was not there before.
    """
    by_member: dict[str, list[tuple[float, Event]]] = {name: [] for name in versions}
    for t_s, event in events:
        if event.kind is EventKind.MEMBER:
            by_member.setdefault(event.name, []).append((t_s, event))
    found = [Lane(name, _stretches(seen, versions.get(name, ""), span)) for name, seen in by_member.items()]
    return tuple(sorted(found, key=lambda lane: not lane.is_eventful))


def _stretches(seen: Sequence[tuple[float, Event]], version: str, span: Span) -> tuple[Stretch, ...]:
    now = Stretch(span.begin_s, span.end_s, _state_before(seen, version), version)
    done: list[Stretch] = []
    for t_s, event in seen:
        after = replace(now, begin_s=t_s, state=_STATES.get(event.what, now.state), version=_version(event, now))
        if (after.state, after.version) != (now.state, now.version):
            done.append(replace(now, end_s=t_s))
            now = after
    return tuple(_visible([*done, now], span))


def _state_before(seen: Sequence[tuple[float, Event]], version: str) -> str:
    return "absent" if not version and seen and seen[0][1].what in ("up", "version") else "up"


def _version(event: Event, now: Stretch) -> str:
    return event.detail.get("version", now.version)


def _visible(stretches: Iterable[Stretch], span: Span) -> Iterator[Stretch]:
    """Drop what lies outside the axis or lasted no time."""
    for one in stretches:
        begin, end = max(one.begin_s, span.begin_s), min(one.end_s, span.end_s)
        if end > begin:
            yield replace(one, begin_s=begin, end_s=end)


def draw(found: Sequence[Lane], span: Span, top: float) -> tuple[Markup, float]:
    """Return the strips of eventful members, a line of text for all others, and the height of both in pixels."""
    eventful = [lane for lane in found if lane.is_eventful]
    quiet = [lane.member for lane in found if not lane.is_eventful]
    parts = [_row(lane, span, top + ROW * number) for number, lane in enumerate(eventful)]
    height = ROW * len(eventful)
    if quiet:
        parts.append(svg.element("text", _quiet_text(quiet, bool(eventful)), x=0, y=f"{top + height + 12:g}", class_="note"))
        height += 20
    return svg.group(parts), height


def _quiet_text(quiet: Sequence[str], others: bool) -> str:
    count = f"{len(quiet)} other members" if others and len(quiet) != 1 else plural(len(quiet), "member")
    named = joined(quiet) if len(quiet) <= _MOST_NAMED else ""
    return f"{count} up throughout" + (f": {named}" if named and len(named) < 40 else "")


def _row(lane: Lane, span: Span, top: float) -> Markup:
    texts = [svg.element("text", lane.member, x=0, y=f"{top + 11:g}", class_="lane-name halo")]
    strips = [_strip(one, span, top + 15) for one in lane.stretches]
    versions = [_version_text(one, span, top + 11) for one in _version_changes(lane)]
    return svg.group([*strips, *texts, *versions])


def _strip(one: Stretch, span: Span, y: float) -> Markup:
    left, right = span.share(one.begin_s), span.share(one.end_s)
    words = " ".join(filter(None, [one.state, one.version, f"for {one.end_s - one.begin_s:.1f} s"]))
    title = svg.element("title", words)
    return svg.element(
        "rect", title, x=svg.percent(left), y=f"{y:g}", width=svg.percent(right - left), height=_STRIP, class_=f"state {one.state}"
    )


def _version_changes(lane: Lane) -> Iterator[Stretch]:
    for before, after in zip(lane.stretches, lane.stretches[1:], strict=False):
        if after.version != before.version and after.version:
            yield after


def _version_text(one: Stretch, span: Span, y: float) -> Markup:
    share = span.share(one.begin_s)
    anchor = "end" if share > 0.8 else "start"
    return svg.element("text", f"\u2192 {one.version}", x=svg.percent(share), y=f"{y:g}", class_="lane-version halo", text_anchor=anchor)
