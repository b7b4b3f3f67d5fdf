"""The data node is killed under inserts."""

from harness.api import Kill, Outcome, Role, Scenario, scenario

SCENARIO = Scenario(
    name="data-node-killed",
    title="The data node is killed under inserts",
    faults=(Kill(Role.DATA_NODE),),
)


@scenario(SCENARIO)
def test_data_node_killed(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
