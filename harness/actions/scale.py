"""More or fewer members of a role."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from harness.action import Action, Moments, gradually
from harness.cluster import Durations, Role, of_milvus
from harness.errors import BadInput
from harness.journal import Undo
from harness.stage import Stage
from harness.value import Count, value
from harness.verbs import Scalable


@value
class Scale(Action[Scalable]):
    """Change how many members a role has."""

    role: Annotated[Role, of_milvus("scale a Milvus role")]
    to: Count

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"scale {self.role} to {self.to}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes."""
        return about.scale_s

    def fit(self, counts: dict[Role, int]) -> None:
        """Refuse as many as there are. Errors: BadInput."""
        super().fit(counts)
        if self.to == counts[self.role]:
            mend = "scale to another number, or say in the scenario's topology how many there are"
            raise BadInput(f"there are {self.to} of {self.role} before it", where=self.label, mend=mend)
        counts[self.role] = self.to

    def carry_out(self, cluster: Scalable, stage: Stage) -> Moments:
        """Have `to` members; its undo is as many as there were."""
        there = sum(member.role is self.role for member in stage.members())
        undo = Undo("scale", (self.role, str(there)))
        return gradually(stage, self.label, partial(cluster.scale, self.role, self.to), (undo,))
