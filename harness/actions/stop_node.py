"""A node that is switched off."""

from __future__ import annotations

from harness.action import Action, Begin, Effect, Heal, Healed, Hold, Moments
from harness.cluster import Durations, Health, Role
from harness.errors import BadInput, ClusterError
from harness.journal import Undo
from harness.stage import Stage
from harness.value import Seconds, value
from harness.verbs import NodePower


@value
class StopNode(Action[NodePower]):
    """Stop the node that holds a member of a role, with all that runs on it, for a time."""

    role: Role
    for_s: Seconds = 20.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"stop the node of {self.role} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + 3 * about.restart_s

    def carry_out(self, cluster: NodePower, stage: Stage) -> Moments:
        """Switch it off for a time, and see that what lay on it serves again."""
        node = self._node(cluster, stage)
        there = [member.name for member in stage.members() if member.node == node]
        yield Begin((Undo("start_node", (node,), outlives=True),), {"node": node})
        cluster.stop_node(node)
        pulse = stage.pulse()
        if any(pulse[name].health is not Health.DEAD for name in there if name in pulse):
            raise ClusterError(f"members on node {node} live on", where=stage.cluster.name, mend="see harness status")
        yield Effect({"node": node, "members": ", ".join(there)})
        yield Hold(self.for_s)
        yield Heal()
        cluster.start_node(node)
        stage.wait_ready()
        yield Healed()

    def _node(self, cluster: NodePower, stage: Stage) -> str:
        """Choose a node that holds a member of the role and that may be stopped. Errors: BadInput."""
        held = {member.node for member in stage.members() if member.role is self.role}
        found = sorted(held & set(cluster.nodes()))
        if not found:
            what = f"no node with {self.role} may be stopped"
            raise BadInput(what, where=stage.cluster.name, mend="set kind.workers")
        return stage.pick(found)
