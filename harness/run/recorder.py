"""What a kind of evidence writes down while a scenario goes on: into its events, its record and its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic_ns

from harness.cluster import ClusterSpec
from harness.events import as_event
from harness.history import Event, EventKind
from harness.plan.plan import Plan
from harness.run.traffic import PreparedTraffic
from harness.slo.evidence import kinds
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Cluster


@dataclass(frozen=True)
class Recording:
    """What is recorded, and where to: `append` writes an event, `note` some fields of the scenario's record."""

    plan: Plan
    spec: ClusterSpec
    folder: ScenarioFolder
    append: Callable[[Event], None]
    note: Callable[..., None]

    def say(self, said: object, name: str) -> None:
        """Write down what is so now, of whom: a value whose class is an event's (harness.events.event)."""
        self.append(as_event(said, name, monotonic_ns()))

    def remark(self, name: str, what: str) -> None:
        """Write down what a reader of the page should know."""
        self.append(Event(monotonic_ns(), EventKind.NOTE, name, what))


class Recorder:
    """One is made for a scenario's run. A kind of evidence overrides the moments in which it has something to do.

    They come in the order in which they stand here. Errors: ClusterError, which ends the run.
    """

    def __init__(self, into: Recording) -> None:
        self.into = into

    def alone(self) -> None:
        """Nothing else of the harness works: before the cluster is made, and again between two looks at the end."""

    @contextmanager
    def watching(self, cluster: Cluster) -> Iterator[None]:
        """The cluster is there for as long as this lasts."""
        del cluster
        yield

    def check(self) -> None:
        """Several times a second; what can't be recorded any more must not go unnoticed."""

    def before_traffic(self, cluster: Cluster) -> None:
        """The cluster is ready, and nothing was done to it or asked of it yet."""

    def after_traffic(self, cluster: Cluster, traffic: PreparedTraffic | None) -> None:
        """All actions are over, and so is the traffic; None where the scenario has no collection."""

    def look(self, traffic: PreparedTraffic | None, number: int) -> None:
        """All is quiet: look at what is there in the end, once and then, `number` 2, once more."""

    def end(self, cluster: Cluster) -> None:
        """The cluster is about to be removed."""


def recorders(into: Recording) -> tuple[Recorder, ...]:
    """Return what each kind of evidence records with, in order."""
    return tuple(made(into) for one in kinds() if (made := one.part("recorder")))
