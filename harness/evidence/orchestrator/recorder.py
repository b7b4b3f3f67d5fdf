"""Writes down what the platform tells of itself: its resource, its events, the way in to Milvus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.history import Eventful
from harness.run.polling import Polling
from harness.run.recorder import Recorder
from harness.verbs import Cluster

_INTERVAL_S = 0.1  # each event has its own time; this is how soon it is on disk


class OrchestratorRecorder(Recorder):
    """A platform that has nothing to tell records nothing."""

    _polling: Polling | None = None

    @contextmanager
    def watching(self, cluster: Cluster) -> Iterator[None]:
        """Listen, and once more when all is over."""
        if not isinstance(cluster, Eventful):
            yield
            return

        def hear() -> None:
            for event in cluster.happenings():
                self.into.append(event)

        self._polling = Polling("orchestrator", hear, _INTERVAL_S, once_more=True)
        with self._polling.going_on():
            yield
        self._polling = None

    def check(self) -> None:
        """Raise ClusterError where the platform can't be heard any more."""
        if self._polling:
            self._polling.check("the orchestrator can't be heard any more", self.into.plan.scenario.name)
