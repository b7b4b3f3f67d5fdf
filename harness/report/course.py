"""What happened in a scenario that did not pass, in Markdown: for a log without the page beside it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.events import OfAction, said_by
from harness.history import Event, EventKind
from harness.report.axis import Axis, axis_of
from harness.report.section import sections
from harness.report.story import story
from harness.report.text import offset_text, plain_text
from harness.report.view import ScenarioView

_MOVES = 40  # of members: an upgrade of a cluster that is scaled out as well makes no more


def course(view: ScenarioView) -> Iterator[str]:
    """Yield the lines: the story, how clients were served, and when members left, came and were ready."""
    axis = axis_of(view)
    if axis is None:
        return
    yield from ("", plain_text(story(view, axis)))
    for table in (table for one in sections() for table in one.tables(view)):
        yield from ("", *table.as_markdown())
    if moves := [_told(event, axis) for event in view.history.events if _is_move(event, axis)]:
        more = f", and {len(moves) - _MOVES} more" if len(moves) > _MOVES else ""
        yield from ("", plain_text(f"Members: {', '.join(moves[:_MOVES])}{more}."))


def _is_move(event: Event, axis: Axis) -> bool:
    if event.kind is EventKind.FAULT:
        of = said_by(event, OfAction)
        return of is not None and bool(of.member and of.what)
    return event.kind is EventKind.MEMBER and event.what in {"up", "down"} and axis.at(event.t_ns) > axis.span.begin_s


def _told(event: Event, axis: Axis) -> str:
    of = said_by(event, OfAction) or OfAction()
    return f"{of.member or event.name} {of.what or event.what} {offset_text(axis.at(event.t_ns))}"
