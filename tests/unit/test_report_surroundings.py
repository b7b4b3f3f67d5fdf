"""Rows for what was told beside the members' lives: only what changed, bounded, and nothing where nothing was told."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from harness.evidence.orchestrator import section as orchestrator
from harness.evidence.orchestrator.section import MOST_MARKS
from harness.evidence.way_in.section import lanes as way_in_lanes
from harness.history import Event, EventKind
from harness.report import bins, page
from harness.report.axis import axis_of
from harness.report.chart import AxisSpan
from harness.report.conditions import Timed
from harness.report.view import ScenarioView
from tests import sample_run

SPAN = AxisSpan(-30.0, 50.0, 1.0)


def told(kind: EventKind, t_s: float, name: str, what: str, **detail: str) -> Timed:
    return t_s, Event(round(t_s * 1e9), kind, name, what, detail)


def condition(t_s: float, name: str, what: str, **detail: str) -> Timed:
    return told(EventKind.RESOURCE, t_s, name, what, **detail)


def said(t_s: float, what: str, name: str = "Pod/querynode-1", message: str = "") -> Timed:
    return told(EventKind.ORCHESTRATOR, t_s, name, what, message=message)


def parsed(markup: Markup) -> ET.Element:
    return ET.fromstring(f"<svg>{markup}</svg>")  # noqa: S314 - our own drawing


def texts(markup: Markup, tag: str = "text") -> list[str]:
    return ["".join(text.itertext()) for text in parsed(markup).iter(tag)]


def strips(markup: Markup) -> list[tuple[str, str, str]]:
    """Return each strip's class, place and width."""
    return [(one.attrib["class"], one.attrib["x"], one.attrib["width"]) for one in parsed(markup).iter("rect")]


def test_where_nothing_was_told_nothing_is_drawn() -> None:
    events = [told(EventKind.MEMBER, 0, "q1", "down"), told(EventKind.NOTE, 1, "q1", "noted")]
    assert orchestrator.draw(events, SPAN, 0) == (Markup(""), 0)


def test_a_condition_that_changed_is_a_row_of_good_and_bad_stretches() -> None:
    events = [
        condition(-60, "MilvusReady", "True"),
        condition(2, "MilvusReady", "False", reason="ComponentNotReady", message="no querynode"),
        condition(3, "MilvusReady", "False", reason="ComponentNotReady", message="still none"),
        condition(10, "MilvusReady", "True"),
    ]
    drawn, height = orchestrator.draw(events, SPAN, 0)
    assert strips(drawn) == [("state up", "0%", "40%"), ("state down", "40%", "10%"), ("state up", "50%", "50%")]
    assert texts(drawn) == ["MilvusReady", "False 8.0 s"]
    assert texts(drawn, "title")[1] == "False for 8.0 s: ComponentNotReady: no querynode"
    assert height == 27


def test_what_did_not_change_on_the_axis_is_left_out() -> None:
    events = [
        condition(-60, "EtcdReady", "True"),
        condition(5, "EtcdReady", "True"),
        condition(60, "EtcdReady", "False"),
    ]
    assert orchestrator.draw(events, SPAN, 0) == (Markup(""), 0)


def test_what_a_condition_was_before_it_was_first_told_is_not_known() -> None:
    drawn, _ = orchestrator.draw([condition(10, "status", "Healthy")], SPAN, 0)
    assert strips(drawn) == [("state absent", "0%", "50%"), ("state up", "50%", "50%")]
    assert texts(drawn) == ["status"]


def test_every_condition_has_a_row_of_its_own() -> None:
    events = [condition(t, name, "False") for t, name in ((0, "MilvusReady"), (1, "status"), (2, "EtcdReady"))]
    drawn, height = orchestrator.draw(events, SPAN, 100)
    tops = [float(one.attrib["y"]) for one in parsed(drawn).iter("text") if one.attrib["x"] == "0"]
    assert (tops, height) == ([111, 138, 165], 81)


def test_events_are_marks_with_reason_object_and_message() -> None:
    drawn, height = orchestrator.draw([said(-40, "Early"), said(10, "Killing", message="Stopping <it>")], SPAN, 0)
    assert [one.attrib["cx"] for one in parsed(drawn).iter("circle")] == ["50%"]
    assert texts(drawn, "title") == ["+10.0\u202fs Killing Pod/querynode-1: Stopping <it>"]
    assert texts(drawn) == ["events", "Killing"]
    assert height == 27


def test_only_so_many_events_are_drawn_and_the_row_says_so() -> None:
    events = [said(n / 10, "BackOff") for n in range(MOST_MARKS + 7)]
    drawn, _ = orchestrator.draw(events, SPAN, 0)
    assert len(list(parsed(drawn).iter("circle"))) == MOST_MARKS
    assert texts(drawn)[0] == "events (the first 100 of 107)"


@pytest.mark.parametrize("first", [[], [told(EventKind.WAY_IN, -60, "port-forward", "open")]])
def test_the_way_in_was_open_until_it_broke(first: list[Timed]) -> None:
    events = [*first, told(EventKind.WAY_IN, 10, "port-forward", "broken", pod="proxy-1")]
    drawn, _ = way_in_lanes([*events, told(EventKind.WAY_IN, 14, "port-forward", "open")], SPAN, 0)
    assert strips(drawn) == [("state up", "0%", "50%"), ("state down", "50%", "5%"), ("state up", "55%", "45%")]
    assert texts(drawn) == ["way in", "broken 4.0 s"]


def with_events(view: ScenarioView, *events: Event) -> ScenarioView:
    past = replace(view.history, events=tuple(sorted((*view.history.events, *events), key=lambda e: e.t_ns)))
    return replace(view, history=past)


def test_a_panel_shows_what_was_told_and_how_the_way_in_fared() -> None:
    at, plain = sample_run.at, sample_run.view()
    view = with_events(
        plain,
        Event(at(-5), EventKind.RESOURCE, "MilvusReady", "True"),
        Event(at(33), EventKind.RESOURCE, "MilvusReady", "False"),
        Event(at(34), EventKind.ORCHESTRATOR, "Pod/querynode-1", "Killing", {"message": "Stopping container"}),
        Event(at(32.5), EventKind.WAY_IN, "port-forward", "broken", {"pod": "proxy-1"}),
        Event(at(34.5), EventKind.WAY_IN, "port-forward", "open", {"pod": "proxy-2"}),
    )
    panel = page.panel(replace(view, record=sample_run.record(way_in="port-forward to a proxy")))
    for row in ("MilvusReady", "events", "way in"):
        assert f">{row}</text>" in panel
    assert "The way in (port-forward) was broken for 2\u202fs: 3 of the 5 bad seconds overlap it." in panel
    assert "<dt>way in</dt><dd>port-forward to a proxy</dd>" in panel
    assert "way in" not in page.panel(plain).lower()


def test_the_cursor_can_go_to_whatever_was_told() -> None:
    kinds = (EventKind.RESOURCE, EventKind.ORCHESTRATOR, EventKind.WAY_IN, EventKind.NOTE)
    events = [Event(sample_run.at(60 + n), kind, "name", "what") for n, kind in enumerate(kinds)]
    view = with_events(sample_run.view(), *events)
    axis = axis_of(view)
    assert axis is not None
    assert view.timeline is not None
    jumps = json.loads(bins.cursor_data(view, view.timeline, axis))["events"]
    assert [t_s for t_s in jumps if 28 <= t_s <= 31] == [28, 29, 30]
