"""Another version of Milvus."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from harness.action import Action, Moments, gradually, start_the_dead
from harness.cluster import ClusterSpec, Durations
from harness.stage import Stage
from harness.value import Text, value
from harness.verbs import Changeable


@value
class Upgrade(Action[Changeable]):
    """Roll every Milvus member to another version, in Milvus's own order."""

    to: Text

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"upgrade to {self.to}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes."""
        return about.roll_s

    def carry_out(self, cluster: Changeable, stage: Stage) -> Moments:
        """Roll, member by member."""
        change = partial(cluster.upgrade, self.to)
        return gradually(stage, self.label, change, start_the_dead(stage), to=self.to)

    def changed(self, spec: ClusterSpec) -> ClusterSpec:
        """Return the cluster at the version that it goes to."""
        return replace(spec, milvus=self.to)
