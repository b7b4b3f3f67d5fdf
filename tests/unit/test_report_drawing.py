"""The drawing's parts: scales, paths, names that do not touch, members' strips, moments and phases."""

from __future__ import annotations

import math
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from harness.evidence.members import section as lanes
from harness.history import Event, EventKind
from harness.report import chart, moments, phases, svg
from harness.report.chart import NAMES, NARROWEST, AxisSpan, Chart, Limit, Series, spread
from harness.report.moments import Moment
from harness.report.scale import AxisScale, linear_ticks, log_ticks

SPAN = AxisSpan(-30.0, 50.0, 1.0)


def parsed(markup: Markup) -> ET.Element:
    return ET.fromstring(f"<svg>{markup}</svg>")  # noqa: S314 - our own drawing


def texts(markup: Markup) -> list[str]:
    return ["".join(text.itertext()) for text in parsed(markup).iter("text")]


@given(low=st.floats(-1e4, 1e4), span=st.floats(0.01, 1e4), most=st.integers(2, 12))
def test_ticks_are_few_even_and_cover_all(low: float, span: float, most: int) -> None:
    ticks = linear_ticks(low, low + span, most)
    assert ticks[0] <= low + span * 1e-6
    assert ticks[-1] >= low + span * (1 - 1e-6)
    assert len(ticks) <= most + 2
    steps = [b - a for a, b in pairwise(ticks)]
    assert max(steps) - min(steps) < 1e-6 * max(steps) + 1e-9


@given(low=st.floats(0.01, 1e4), factor=st.floats(1, 1e5))
def test_log_ticks_are_powers_of_ten_around_all(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor)
    assert ticks[0] <= low * (1 + 1e-9)
    assert ticks[-1] >= low * factor * (1 - 1e-9)
    assert len(ticks) >= 2
    assert all(math.isclose(math.log10(tick) % 1, 0, abs_tol=1e-9) for tick in ticks)


def test_a_scale_maps_its_ends_and_clamps_beyond() -> None:
    scale = AxisScale(1, 1000, 100, 10, log=True)
    assert [scale.y(v) for v in (1, 1000, 0.001, 10**6)] == [100, 10, 100, 10]
    assert scale.y(10**1.5) == pytest.approx(55)


def test_a_path_breaks_at_gaps_and_a_lone_point_is_seen() -> None:
    assert svg.line([[(0, 0), (0.5, 10)], [(1, 5)]]) == "M0 0l5000 100M10000 50h1"


def test_markup_in_names_is_text() -> None:
    drawn = svg.element("text", "<script>", title='"><b>')
    assert "<script>" not in drawn
    assert parsed(drawn)[0].attrib["title"] == '"><b>'


@given(st.lists(st.floats(0, 100), max_size=6))
def test_names_at_line_ends_keep_apart_and_in_order(wanted: list[float]) -> None:
    ys = spread(wanted, 12, 4, 100)
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    assert all(ys[b] - ys[a] >= 12 - 1e-9 for a, b in pairwise(order))
    assert all(y <= 100 for y in ys)


def a_chart(values: list[float], **changes: object) -> Chart:
    series = (Series("p99", "c-orange", np.array(values)),)
    given_: dict[str, object] = {"log": True, "ticks": ((1.0, "1 ms"), (100.0, "100 ms"))}
    return Chart("Latency", "log scale", "more", 100, 1, 100, series=series, **{**given_, **changes})  # type: ignore[arg-type]


def test_what_never_came_back_is_drawn_on_a_rail_of_its_own() -> None:
    bins = np.arange(4.0)
    drawn = chart.draw(a_chart([5, math.inf, math.nan, 7]), AxisSpan(0, 4, 1), bins, 0)
    assert "\u221e" in texts(drawn)
    rails = [path for path in parsed(drawn).iter("path") if "rail" in path.attrib["class"]]
    assert [rail.attrib["d"] for rail in rails] == ["M2500 20l2500 0"]
    assert "\u221e" not in texts(chart.draw(a_chart([5, 6, math.nan, 7]), AxisSpan(0, 4, 1), bins, 0))


def test_a_limit_is_drawn_over_its_own_time_only() -> None:
    limits = (Limit("p99 limit", 50, 1, 3), Limit("off the chart", 500, 0, 4))
    drawn = chart.draw(a_chart([5, 5, 5, 5], limits=limits), AxisSpan(0, 4, 1), np.arange(4.0), 0)
    lines = [line for line in parsed(drawn).iter("line") if line.attrib["class"] == "limit"]
    assert [(line.attrib["x1"], line.attrib["x2"]) for line in lines] == [("25%", "75%")]
    assert "off the chart" not in texts(drawn)


def test_a_single_error_among_thousands_is_still_a_bar_and_bars_stack() -> None:
    scale = AxisScale(0, 10_000, 60, 0)
    series = (Series("failed", "f", np.array([1.0, 0])), Series("wrong", "w", np.array([5000.0, math.nan])))
    failed, wrong = (
        parsed(path)[0].attrib["d"] for path in chart.bar_paths(series, scale, AxisSpan(0, 2, 1), np.arange(2.0))
    )
    assert failed == "M0 600V580H5000V600z"
    assert wrong == "M0 580V280H5000V580z"


def member(t_s: float, name: str, what: str, **detail: str) -> tuple[float, Event]:
    return t_s, Event(round(t_s * 1e9), EventKind.MEMBER, name, what, detail)


def stretches(lane: lanes.Lane) -> list[tuple[float, float, str, str]]:
    return [(one.begin_s, one.end_s, one.state, one.version) for one in lane.stretches]


def test_equal_neighbours_merge_and_events_beyond_the_axis_count() -> None:
    events = [member(-40, "q1", "up"), member(-40, "q2", "up"), member(0, "q1", "down"), member(6, "q1", "up")]
    events += [member(7, "q1", "up")]
    first, second = lanes.lanes(events, {"q1": "2.3.5", "q2": "2.3.5"}, {}, SPAN)
    assert stretches(first) == [(-30, 0, "up", "2.3.5"), (0, 6, "down", "2.3.5"), (6, 50, "up", "2.3.5")]
    assert (second.member, second.is_eventful) == ("q2", False)


def test_a_version_seen_afterwards_came_with_the_last_start() -> None:
    events = [member(0, "q1", "down"), member(5, "q1", "up")]
    (lane,) = lanes.lanes(events, {"q1": "2.3.0"}, {"q1": "2.3.5"}, SPAN)
    assert stretches(lane)[-1] == (5, 50, "up", "2.3.5")
    assert "\u2192 2.3.5" in texts(lanes.draw([lane], SPAN, 0)[0])


def test_a_member_that_joined_was_not_there_before_and_one_that_left_is_gone() -> None:
    events = [member(-29, "q1", "up"), member(10, "q3", "up"), member(30, "q3", "gone")]
    first, _ = lanes.lanes(events, {"q1": "2.3.5"}, {}, SPAN)
    assert [one[2] for one in stretches(first)] == ["absent", "up", "absent"]
    assert texts(lanes.draw([first], SPAN, 0)[0]) == ["q3", "new", "gone 20.0 s"]


def test_a_member_that_starts_is_neither_down_nor_up() -> None:
    events = [member(0, "q1", "down"), member(2, "q1", "starting"), member(6, "q1", "up")]
    (lane,) = lanes.lanes(events, {"q1": "2.3.0"}, {"q1": "2.3.5"}, SPAN)
    assert [one[2] for one in stretches(lane)] == ["up", "down", "starting", "up"]
    drawn = lanes.draw([lane], SPAN, 0)[0]
    strips = [(one.attrib["class"], one.attrib.get("opacity")) for one in parsed(drawn).iter("rect")]
    assert strips == [("state up", None), ("state down", None), ("state down", "0.5"), ("state up", None)]
    assert [title.text for title in parsed(drawn).iter("title")][2] == "starting for 4.0 s"
    assert "\u2192 2.3.5" in texts(drawn)


def test_a_member_that_joins_is_new_while_it_starts() -> None:
    events = [member(-29, "q1", "up"), member(10, "q3", "starting"), member(30, "q3", "up")]
    first, _ = lanes.lanes(events, {"q1": "2.3.5"}, {}, SPAN)
    assert texts(lanes.draw([first], SPAN, 0)[0]) == ["q3", "new, starting 20.0 s"]


def test_those_to_whom_nothing_happened_share_one_line() -> None:
    quiet = lanes.lanes([], {f"m{n}": "2.3.5" for n in range(3)}, {}, SPAN)
    drawn, height = lanes.draw(quiet, SPAN, 0)
    assert (texts(drawn), height) == (["3 members up throughout: m0, m1 and m2"], 20)


@given(st.lists(st.floats(-30, 50), min_size=1, max_size=9))
def test_moments_never_write_over_each_other(times: list[float]) -> None:
    found = [Moment(t, "first good answer", "first") for t in sorted(times)]
    placed = list(zip(found, moments.rows(found, SPAN), strict=True))
    for number, (one, row) in enumerate(placed):
        for other, other_row in placed[:number]:
            (begin, end), (other_begin, other_end) = one.extent(SPAN), other.extent(SPAN)
            assert row != other_row or begin >= other_end or end <= other_begin


@given(t_s=st.floats(-30, 50))
def test_a_moments_name_stays_on_a_phone(t_s: float) -> None:
    begin, end = Moment(t_s, "first good answer", "first", "said elsewhere").extent(SPAN)
    assert begin >= -40  # into the gutter, which is empty above the charts
    assert end <= NARROWEST + NAMES


def test_phases_are_cut_to_the_axis_and_one_that_never_ended_lasts() -> None:
    def phase(t_s: float, name: str, what: str) -> tuple[float, Event]:
        return t_s, Event(0, EventKind.PHASE, name, what)

    events = [phase(-60, "provision", "begin"), phase(-35, "provision", "end"), phase(-31, "steady", "begin")]
    events += [phase(0, "steady", "end"), phase(2, "fault", "begin")]
    found = phases.phases_of(events, SPAN)
    assert [(one.name, one.begin_s, one.end_s) for one in found] == [("steady", -30, 0), ("fault", 2, 50)]
    assert texts(phases.draw(found, SPAN, 0)[0]) == ["steady", "fault"]
