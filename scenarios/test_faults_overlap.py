"""A query node dies while the proxy stands still."""

from harness.api import Kill, Outcome, Pause, Role, Scenario, Together, scenario

SCENARIO = Scenario(
    name="faults-overlap",
    title="A query node is killed while the proxy stands still",
    faults=(Together(Pause(Role.PROXY, for_s=5), Kill(Role.QUERY_NODE)),),
)


@scenario(SCENARIO)
def test_faults_overlap(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
