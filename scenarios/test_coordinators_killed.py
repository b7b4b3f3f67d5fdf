"""The coordinators are killed."""

from harness.api import Kill, Outcome, Role, Scenario, scenario

SCENARIO = Scenario(
    name="coordinators-killed",
    title="The coordinators are killed",
    faults=(Kill(Role.COORDINATORS),),
)


@scenario(SCENARIO)
def test_coordinators_killed(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
