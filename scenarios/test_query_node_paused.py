"""A query node stands still for five seconds."""

from harness.api import Outcome, Pause, Role, Scenario, scenario

SCENARIO = Scenario(
    name="query-node-paused",
    title="A query node stands still for five seconds",
    faults=(Pause(Role.QUERY_NODE, for_s=5),),
)


@scenario(SCENARIO)
def test_query_node_paused(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
