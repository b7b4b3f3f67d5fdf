"""A query node is killed."""

from harness.api import Kill, Outcome, Role, Scenario, scenario

SCENARIO = Scenario(
    name="query-node-killed",
    title="A query node is killed",
    faults=(Kill(Role.QUERY_NODE),),
)


@scenario(SCENARIO, "gate")
def test_query_node_killed(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
