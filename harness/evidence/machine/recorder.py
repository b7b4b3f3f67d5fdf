"""Writes down what else the machine does, and what it does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.evidence.machine.watcher import INTERVAL_S, MachineWatcher, members_s
from harness.evidence.machine.yardstick import read_yardstick
from harness.plan.specs import DataSpec
from harness.run.polling import Polling
from harness.run.recorder import Recorder
from harness.verbs import Cluster


class MachineRecorder(Recorder):
    """The yardstick before and after, and the cores that others took in every second."""

    def alone(self) -> None:
        """Read the yardstick."""
        self.into.append(read_yardstick(self.into.plan.scenario.data or DataSpec(), self.into.folder.path))

    @contextmanager
    def watching(self, cluster: Cluster) -> Iterator[None]:
        """Watch the cores."""
        watcher = MachineWatcher(self.into.append, members_s(cluster))
        with Polling("machine", watcher.look, INTERVAL_S).going_on():
            yield
