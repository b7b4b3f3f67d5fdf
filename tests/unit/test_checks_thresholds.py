"""What a scenario may change of how it is measured, and what is refused."""

from __future__ import annotations

import math

import pytest

from harness.checks.thresholds import DEFAULT, thresholds_of
from harness.errors import BadInput


def test_what_is_not_changed_stays() -> None:
    assert thresholds_of({}, where="a scenario") == DEFAULT


@pytest.mark.parametrize(
    ("name", "value"), [("p95_noise_ms", 0), ("p95_noise_ms", 0.5), ("machine_window", 0), ("machine_window", 3.0)]
)
def test_numbers_of_its_sort_are_taken_from_zero_on(name: str, value: float) -> None:
    taken = getattr(thresholds_of({name: value}, where="a scenario"), name)
    assert (taken, type(taken)) == (value, type(getattr(DEFAULT, name)))


@pytest.mark.parametrize(
    ("name", "value"),
    [("p95_noise_ms", -0.5), ("p95_noise_ms", -1), ("p95_noise_ms", math.nan), ("machine_window", 2.5)],
)
def test_others_are_refused_in_one_line(name: str, value: float) -> None:
    with pytest.raises(BadInput, match=rf"^{name} is {value} \(a scenario\): give a number of at least 0"):
        thresholds_of({name: value}, where="a scenario")


def test_a_name_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BadInput, match=r"there is no threshold 'windows'.*window_s, "):
        thresholds_of({"windows": 3}, where="a scenario")
