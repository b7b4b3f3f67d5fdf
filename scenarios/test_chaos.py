"""Kills and pauses one after another; the seed decides which, whom and when."""

from harness.api import Chaos, Outcome, Scenario, scenario

SCENARIO = Scenario(
    name="chaos",
    title="Five faults, one after another",
    faults=Chaos(faults=5),
    gap_s=20,
)


@scenario(SCENARIO)
def test_chaos(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
