"""The only proxy is killed."""

from harness.api import Kill, Outcome, Role, Scenario, scenario

SCENARIO = Scenario(
    name="proxy-killed",
    title="The only proxy is killed",
    faults=(Kill(Role.PROXY),),
)


@scenario(SCENARIO)
def test_proxy_killed(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
