"""Writes down what the platform tells of itself: its resource, its events, the way in to Milvus."""

from __future__ import annotations

from harness.history import Eventful
from harness.run.polling import Polling, PollingRecorder
from harness.verbs import Cluster

_INTERVAL_S = 0.1  # each event has its own time; this is how soon it is on disk


class OrchestratorRecorder(PollingRecorder):
    """A platform that has nothing to tell records nothing."""

    LOST = "the orchestrator can't be heard any more"

    def polling(self, cluster: Cluster) -> Polling | None:
        """Listen, and once more when all is over."""
        if not isinstance(cluster, Eventful):
            return None

        def hear() -> None:
            for event in cluster.happenings():
                self.into.append(event)

        return Polling("orchestrator", hear, _INTERVAL_S, once_more=True)
