"""What only Kubernetes can do to a cluster: its containers, its nodes, the network between its pods."""

from harness.api import Drain, Isolate, KillContainer, Outcome, Role, Scenario, StopNode, scenario

CONTAINER_KILLED = Scenario(
    name="container-killed",
    title="A query node's container is killed, its pod stays",
    faults=(KillContainer(Role.QUERY_NODE),),
)
NODE_DRAINED = Scenario(
    name="node-drained",
    title="The node of a query node is drained",
    faults=(Drain(Role.QUERY_NODE),),
)
NODE_STOPPED = Scenario(
    name="node-stopped",
    title="The node of a query node is stopped for 20 seconds",
    faults=(StopNode(Role.QUERY_NODE),),
)
ISOLATED = Scenario(
    name="query-nodes-isolated",
    title="Query nodes are isolated from the coordinators for ten seconds",
    faults=(Isolate(Role.QUERY_NODE, Role.COORDINATORS),),
)


@scenario(CONTAINER_KILLED, "kubernetes")
def test_container_killed(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why


@scenario(NODE_DRAINED, "kubernetes")
def test_node_drained(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why


@scenario(NODE_STOPPED, "kubernetes")
def test_node_stopped(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why


@scenario(ISOLATED, "kubernetes")
def test_query_nodes_isolated(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
