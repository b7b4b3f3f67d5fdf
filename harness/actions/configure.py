"""Other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial

from harness.action import Action, Moments, gradually, start_the_dead
from harness.cluster import ClusterSpec, Durations
from harness.stage import Stage
from harness.value import value
from harness.verbs import Changeable


@value
class Configure(Action[Changeable]):
    """Change settings and roll them out, member by member."""

    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return "set " + ", ".join(f"{key}={value}" for key, value in self.settings.items())

    def expected_s(self, about: Durations) -> float:
        """About how long it takes."""
        return about.roll_s

    def carry_out(self, cluster: Changeable, stage: Stage) -> Moments:
        """Roll, member by member."""
        change = partial(cluster.configure, self.settings)
        return gradually(stage, self.label, change, start_the_dead(stage))

    def changed(self, spec: ClusterSpec) -> ClusterSpec:
        """Return the cluster with these settings alone, so that a message names one of them."""
        return replace(spec, settings=self.settings)
