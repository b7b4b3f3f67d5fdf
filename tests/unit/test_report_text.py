"""Figures as text: readable, and never rounded across the limit that they are held to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.text import THIN, count_text, figure_text, interval_text, joined, limit_text, offset_text, plural

FIGURES = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-6)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (7.7234, "s", "7.72 s"),
        (12, "s", "12 s"),
        (23.596941, "ms", "23.6 ms"),
        (2.0136, "x", "2.01\u00d7"),
        (0.90177, "", "0.902"),
        (0, "rows", "0 rows"),
        (-3, "s", "\u22123 s"),
        (123456, "rows", "123 456 rows"),
        (math.inf, "s", "\u221e"),
        (math.nan, "s", "\u2013"),
    ],
)
def test_a_figure_reads_well(value: float, unit: str, expected: str) -> None:
    assert figure_text(value, unit).replace(THIN, " ") == expected


def test_a_figure_just_over_its_limit_does_not_look_as_if_it_were_at_it() -> None:
    assert figure_text(0.74996, "", 0.75) == "0.74996"
    assert figure_text(30.004, "s", 30).replace(THIN, " ") == "30.004 s"


@given(limit=FIGURES, nudge=st.floats(-0.01, 0.01))
def test_the_text_stands_to_the_limit_as_the_figure_does(limit: float, nudge: float) -> None:
    value = limit + nudge
    shown = float(figure_text(value, "", limit).replace(THIN, "").replace("\u2212", "-"))
    if abs(value - limit) > 1e-9:
        assert (shown > limit) == (value > limit)
        assert (shown < limit) == (value < limit)


def test_small_words() -> None:
    assert limit_text("<=", 30, "s") == f"\u2264\u00a030{THIN}s"
    assert limit_text(">=", None, "s") == "\u2013"
    assert interval_text((1.5, 2.25), "ms") == f"1.5 to 2.25{THIN}ms"
    assert interval_text(None, "ms") == "\u2013"
    assert [offset_text(t) for t in (0.001, 0.314, -20.0)] == [f"0{THIN}s", f"+0.31{THIN}s", f"\u221220.0{THIN}s"]
    assert count_text(12345) == f"12{THIN}345"
    assert [plural(n, "member") for n in (1, 2)] == ["1 member", "2 members"]
    assert [joined(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
