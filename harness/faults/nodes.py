"""Faults of what lies beneath members: their nodes, and the network between them."""

from __future__ import annotations

from typing import cast

from harness.cluster import Health
from harness.errors import BadInput, ClusterError
from harness.faults.injection import Injection, choose, told_of_members
from harness.faults.journal import Undo, Verb
from harness.plan.faults import Drain, Isolate, StopNode
from harness.verbs import Cluster, Isolable, NodePower, OnNodes

# What was moved has to be scheduled, started and seen to be ready.
_READY_S = 240.0


def drain(fault: Drain, choice: int, injection: Injection) -> None:
    """Empty the node of a member and give it back. Its effect begins as the first member is about to leave."""
    cluster, members = injection.cluster, {member.name: member for member in injection.cluster.members()}
    node = members[choose(cluster, fault.role, 1, choice)[0]].node
    _, on_member = told_of_members(injection, node=node)
    with injection.journal.step(fault.label, (Undo(Verb.UNCORDON, node),)):
        injection.tell("inject", {"node": node})
        cast("OnNodes", cluster).drain(node, on_member)
        injection.tell("heal", {})
        cast("OnNodes", cluster).uncordon(node)
        cluster.wait_ready(_READY_S)
        injection.tell("healed", {})


def stop_node(fault: StopNode, choice: int, injection: Injection) -> None:
    """Switch the node of a member off for a time, and see that what lay on it serves again."""
    cluster, power = injection.cluster, cast("NodePower", injection.cluster)
    node = _node(cluster, fault, choice)
    there = [member.name for member in cluster.members() if member.node == node]
    with injection.journal.step(fault.label, (Undo(Verb.START_NODE, node),)):
        injection.tell("inject", {"node": node})
        power.stop_node(node)
        pulse = cluster.pulse()
        if any(pulse[name].health is not Health.DEAD for name in there if name in pulse):
            raise ClusterError(f"members on node {node} live on", where=cluster.name, mend="see harness status")
        injection.tell("effect", {"node": node, "members": ", ".join(there)})
        injection.wait(fault.for_s)
        injection.tell("heal", {})
        power.start_node(node)
        cluster.wait_ready(_READY_S)
        injection.tell("healed", {})


def isolate(fault: Isolate, injection: Injection) -> None:
    """Let no packet pass between two roles for a time; the verb itself sees that none does."""
    network = cast("Isolable", injection.cluster)
    with injection.journal.step(fault.label, (Undo(Verb.JOIN, fault.role, fault.other),)):
        injection.tell("inject", {"roles": f"{fault.role}, {fault.other}"})
        network.isolate(fault.role, fault.other)
        injection.tell("effect", {})
        injection.wait(fault.for_s)
        injection.tell("heal", {})
        network.join(fault.role, fault.other)
        injection.cluster.wait_ready(_READY_S)
        injection.tell("healed", {})


def _node(cluster: Cluster, fault: StopNode, choice: int) -> str:
    """Choose a node that holds a member of the role and that may be stopped. Errors: BadInput."""
    held = {member.node for member in cluster.members() if member.role is fault.role}
    found = sorted(held & set(cast("NodePower", cluster).nodes()))
    if not found:
        raise BadInput(f"no node with {fault.role} may be stopped", where=cluster.name, mend="set kind.workers")
    return found[choice % len(found)]
