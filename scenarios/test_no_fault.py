"""Nothing is broken: the figures of a healthy cluster, also of one that is only an address (--harness-endpoint)."""

from harness.api import Outcome, Scenario, scenario

SCENARIO = Scenario(
    name="no-fault",
    title="Nothing is broken",
)


@scenario(SCENARIO)
def test_no_fault(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
