"""A setting is changed and rolled out."""

from harness.api import Configure, Outcome, Scenario, scenario

SCENARIO = Scenario(
    name="setting-changed",
    title="A setting is changed and rolled out",
    faults=(Configure({"common.threadCoreCoefficient.lowPriority": "2"}),),
)


@scenario(SCENARIO, "gate")
def test_setting_changed(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
