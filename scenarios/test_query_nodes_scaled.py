"""Query nodes are scaled from 2 to 4 and back."""

from harness.api import Outcome, Role, Scale, Scenario, scenario

SCENARIO = Scenario(
    name="query-nodes-scaled",
    title="Query nodes are scaled from 2 to 4 and back",
    faults=(Scale(Role.QUERY_NODE, to=4), Scale(Role.QUERY_NODE, to=2)),
)


@scenario(SCENARIO, "gate")
def test_query_nodes_scaled(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
