import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.verdict import Verdict, of_run, of_scenario

PASS, FAIL, INCONCLUSIVE, INVALID = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID
verdicts = st.lists(st.sampled_from(Verdict))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], PASS),
        ([PASS, PASS], PASS),
        ([PASS, INCONCLUSIVE], INCONCLUSIVE),
        ([INCONCLUSIVE, FAIL, PASS], FAIL),
        ([FAIL, INVALID, PASS], INVALID),
    ],
)
def test_a_scenario_is_as_bad_as_its_worst_part_and_invalid_says_nothing_at_all(
    parts: list[Verdict], expected: Verdict
) -> None:
    assert of_scenario(parts, data_violated=False) is expected


@settings(deadline=None)
@given(verdicts)
def test_a_confirmed_data_violation_fails_whatever_else(parts: list[Verdict]) -> None:
    assert of_scenario(parts, data_violated=True) is FAIL


@pytest.mark.parametrize(
    ("scenarios", "skipped", "expected"),
    [
        ([PASS, PASS], 0, PASS),
        ([PASS], 1, INCONCLUSIVE),
        ([PASS, INCONCLUSIVE, INVALID], 0, INVALID),
        ([INVALID, FAIL, PASS], 3, FAIL),
        ([], 0, INVALID),
        ([], 2, INVALID),
    ],
)
def test_a_run_fails_by_one_sound_failure_and_is_nothing_without_a_scenario(
    scenarios: list[Verdict], skipped: int, expected: Verdict
) -> None:
    assert of_run(scenarios, skipped=skipped) is expected


@settings(deadline=None)
@given(verdicts, st.integers(0, 3))
def test_a_run_passes_only_if_every_scenario_ran_and_passed(scenarios: list[Verdict], skipped: int) -> None:
    passed = of_run(scenarios, skipped=skipped) is PASS
    assert passed == (bool(scenarios) and not skipped and set(scenarios) == {PASS})


def test_exit_codes_are_the_documented_ones() -> None:
    assert [v.exit_code for v in (PASS, FAIL, INCONCLUSIVE, INVALID)] == [0, 1, 2, 3]
