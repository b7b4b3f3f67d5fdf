"""Watches who lives while the cluster is there, and starts again what ended by itself, as a supervisor would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic_ns

from harness.cluster import Health, Pulse
from harness.history import Event, EventKind
from harness.verbs import Cluster

# Ten looks a second: a member's restart is placed on the report's axis, which has bins of a second.
INTERVAL_S = 0.1
_WHAT = {Health.READY: "up", Health.DEAD: "down", Health.PAUSED: "paused", Health.STARTING: "starting"}


class Watcher:
    """Tells what became of each member since the last look."""

    def __init__(self, cluster: Cluster, tell: Callable[[Event], None]) -> None:
        self._cluster, self._tell = cluster, tell
        self._seen: Mapping[str, Pulse] = {}

    def look(self) -> None:
        """Look once."""
        now, t_ns = dict(self._cluster.pulse()), monotonic_ns()
        for name, pulse in now.items():
            before = self._seen.get(name)
            if before is None or before != pulse:
                # A restart between two looks shows as another uid alone: it was down as well.
                if before and before.uid != pulse.uid and before.health is not Health.DEAD:
                    self._tell(_event(t_ns, name, "down", before))
                self._tell(_event(t_ns, name, _WHAT[pulse.health], pulse))
        for name in self._seen.keys() - now.keys():
            self._tell(_event(t_ns, name, "gone", self._seen[name]))
        self._seen = now
        for name in self._cluster.revive():
            self._tell(Event(monotonic_ns(), EventKind.NOTE, name, "ended by itself and was started again"))


def _event(t_ns: int, name: str, what: str, pulse: Pulse) -> Event:
    return Event(t_ns, EventKind.MEMBER, name, what, {"uid": pulse.uid})
