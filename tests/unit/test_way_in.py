"""What of an outage the way in may account for: seconds that are plain to see, and never a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checks.answers import answers
from harness.checks.recovery import bad_bins, downtime
from harness.checks.thresholds import DEFAULT
from harness.evidence.way_in.broken import WayIn, broken_spans, way_in
from harness.evidence.way_in.section import way_in_story
from harness.history import Event, EventKind, History
from harness.kind import Kind
from harness.slo.judge import judge
from tests.unit.builders import Recipe, empty, healthy, outage
from tests.unit.judged import LIMITS

RECIPE = Recipe()  # a fault from 40 s to 45 s, observed until 105 s
HISTORY = healthy(RECIPE)


def told(history: History, *moments: tuple[float, str]) -> History:
    """Have the way in break and open at seconds of the recipe."""
    events = [Event(RECIPE.at(second), EventKind.WAY_IN, "port-forward", what) for second, what in moments]
    return replace(history, events=tuple(sorted((*history.events, *events), key=lambda e: e.t_ns)))


def seen_of(history: History) -> WayIn | None:
    return way_in(history, DEFAULT, answers(history, DEFAULT))


def found(history: History) -> tuple[float, int, int]:
    seen = seen_of(history)
    assert seen is not None
    assert seen.name == "port-forward"
    return seen.broken_s, seen.bad, seen.overlapping


def test_where_nothing_was_told_there_is_nothing_to_say() -> None:
    assert seen_of(outage(HISTORY, 41, 46)) is None


def test_bad_seconds_are_held_against_the_way_in() -> None:
    history = told(outage(HISTORY, 41, 46), (41.5, "broken"), (43.8, "open"))
    assert found(history) == (2.3, 5, 3)


def test_a_second_in_which_it_was_broken_for_a_moment_counts_and_one_it_only_touches_does_not() -> None:
    history = told(outage(HISTORY, 41, 46), (42.9, "broken"), (43, "open"))
    assert found(history) == (0.1, 5, 1)


def test_a_second_that_ends_as_it_breaks_does_not_count_and_a_break_of_no_time_is_none() -> None:
    assert found(told(outage(HISTORY, 41, 46), (42, "broken"), (42.5, "open"))) == (0.5, 5, 1)
    assert found(told(outage(HISTORY, 41, 46), (42.5, "broken"), (42.5, "open"))) == (0, 5, 0)


def test_what_was_never_opened_again_is_broken_to_the_end() -> None:
    assert found(told(outage(HISTORY, 41, 46), (100, "broken"))) == (5, 5, 0)


def test_only_what_lies_after_the_effect_counts() -> None:
    history = told(
        outage(HISTORY, 41, 46), (30, "open"), (35, "broken"), (41.5, "open"), (104, "broken"), (110, "open")
    )
    assert found(history) == (2.5, 5, 1)
    assert found(told(HISTORY, (10, "broken"), (20, "open"))) == (0, 0, 0)


def test_a_second_break_before_it_opened_is_the_same_one() -> None:
    seen = list(told(HISTORY, (50, "broken"), (51, "broken"), (53, "open"), (54, "open")).of(EventKind.WAY_IN))
    assert broken_spans(seen, RECIPE.at(40), RECIPE.at(105)) == ((RECIPE.at(50), RECIPE.at(53)),)


def test_the_bad_seconds_are_those_of_the_figure() -> None:
    searches = answers(outage(HISTORY, 41.5, 47.2), DEFAULT).stream(Kind.SEARCH)
    begin_ns, end_ns = RECIPE.at(40), RECIPE.at(105)
    counted = downtime(searches, begin_ns, end_ns, DEFAULT).bad_s
    assert bad_bins(searches, begin_ns, end_ns, DEFAULT).sum() * DEFAULT.bin_s == counted > 0


def test_traffic_that_never_began_has_no_bad_second() -> None:
    assert found(told(empty(HISTORY), (41, "broken"), (42, "open"))) == (1, 0, 0)


def test_no_verdict_rests_on_it() -> None:
    history = outage(HISTORY, 41, 46)
    assert judge(told(history, (41, "broken"), (46, "open")), LIMITS) == judge(history, LIMITS)


@pytest.mark.parametrize(
    ("seen", "story"),
    [
        (None, ""),
        (WayIn("port-forward", 0, 5, 0), "The way in (port-forward) was never broken."),
        ((2.3, 5, 3), "3 of the 5 bad seconds overlap it."),
        ((2.3, 5, 1), "1 of the 5 bad seconds overlaps it."),
        ((2.3, 5, 0), "none of the 5 bad seconds overlap it."),
        ((2.3, 1, 1), "the only bad second overlaps it."),
        ((2.3, 1, 0), "the only bad second does not overlap it."),
        ((2.3, 0, 0), "no bad second overlaps it."),
    ],
)
def test_it_is_told_in_one_sentence(seen: WayIn | tuple[float, int, int] | None, story: str) -> None:
    if isinstance(seen, tuple):
        seen, story = WayIn("port-forward", *seen), f"The way in (port-forward) was broken for 2.3\u202fs: {story}"
    assert way_in_story(seen) == story
