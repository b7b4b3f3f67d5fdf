"""A node that its members have to leave."""

from __future__ import annotations

from harness.action import Action, Begin, Heal, Healed, Moments
from harness.cluster import Durations, Role
from harness.journal import Undo
from harness.stage import Stage
from harness.value import value
from harness.verbs import OnNodes


@value
class Drain(Action[OnNodes]):
    """Cordon the node that holds a member of a role, have the Milvus members on it leave, and give it back."""

    role: Role

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"drain the node of {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return about.stop_s + about.restart_s

    def carry_out(self, cluster: OnNodes, stage: Stage) -> Moments:
        """Empty the node and give it back. Its effect begins as the first member is about to leave."""
        nodes = {member.name: member.node for member in stage.members()}
        node = nodes[stage.choose(self.role)[0]]
        yield Begin((Undo("uncordon", (node,), outlives=True),), {"node": node})
        cluster.drain(node, stage.on_member([], node=node))
        yield Heal()
        cluster.uncordon(node)
        stage.wait_ready()
        yield Healed()
