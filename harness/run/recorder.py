"""What a kind of evidence writes down while a scenario goes on: into its events, its record and its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic_ns

from harness.cluster import ClusterSpec
from harness.errors import ClusterError, HarnessError, in_words
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
    """What one kind of evidence writes down in one run of a scenario; it overrides the moments that concern it.

    They are called in the order in which they stand here. Errors: ClusterError, which ends the run.
    """

    def __init__(self, into: Recording) -> None:
        self.into = into

    def alone(self) -> None:
        """Called while the harness does nothing else: before the cluster is made, and between two looks at the end."""

    @contextmanager
    def watching(self, cluster: Cluster) -> Iterator[None]:
        """Entered once the cluster is ready, and left before it is removed."""
        del cluster
        yield

    def check(self) -> None:
        """Called several times a second: raise ClusterError where nothing can be recorded any more."""

    def before_traffic(self, cluster: Cluster) -> None:
        """Called once the cluster is ready, before anything is asked of it or done to it."""

    def after_traffic(self, cluster: Cluster, traffic: PreparedTraffic | None) -> None:
        """Called when all actions and the traffic are over; `traffic` is None where the scenario has no collection."""

    def look(self, traffic: PreparedTraffic | None, number: int) -> None:
        """Called twice in the end, with 1 and 2: record what is there then.

        With a collection the two are `readback_gap_s` apart.
        """

    def end(self, cluster: Cluster) -> None:
        """Called last, while the cluster is still there."""


@contextmanager
def no_defects_of(recorder: type[Recorder]) -> Iterator[None]:
    """Tell a recorder's own defect as what it is: the run says nothing then. Errors: ClusterError."""
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        what = f"{recorder.__name__}: {in_words(error)}"
        raise ClusterError(what, where=recorder.__module__, mend="mend that recorder, or uninstall it") from error


def recorders(into: Recording) -> tuple[Recorder, ...]:
    """Return what each kind of evidence records with, in order. Errors: ClusterError."""
    return tuple(_made(made, into) for one in kinds() if (made := one.part("recorder")))


def _made(recorder: type[Recorder], into: Recording) -> Recorder:
    with no_defects_of(recorder):
        return recorder(into)
