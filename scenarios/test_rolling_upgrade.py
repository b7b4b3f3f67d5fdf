"""A rolling upgrade from 2.3.4 to 2.3.5."""

from harness.api import Outcome, Scenario, Upgrade, scenario

SCENARIO = Scenario(
    name="rolling-upgrade",
    title="A rolling upgrade from 2.3.4 to 2.3.5",
    faults=(Upgrade(to="2.3.5"),),
    milvus="2.3.4",
)


@scenario(SCENARIO, "gate")
def test_rolling_upgrade(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
