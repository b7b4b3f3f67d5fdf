"""Carry out one scenario: everything that happens in time, and all of it into the scenario's folder."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from time import monotonic, monotonic_ns

from harness.action import Offer
from harness.cluster import ClusterSpec, Endpoint
from harness.errors import ClusterError, in_words
from harness.events import ClusterStarted, as_event
from harness.history import NS_PER_S, Event, EventKind
from harness.journal import Journal, Undo, heal, take_back
from harness.load.process import Load
from harness.plan.plan import Plan, PlannedAction
from harness.plan.scenario import WARM_UP_S, YARDSTICK_S
from harness.run.driver import Driver
from harness.run.logs import keep_logs
from harness.run.progress import Reporter
from harness.run.recorder import Recorder, Recording, no_defects_of, recorders
from harness.run.served import served_again
from harness.run.sight import LiveSight
from harness.run.steady import SteadyState
from harness.run.traffic import PreparedTraffic, collection_name, more_searches, prepare_traffic
from harness.store.events import EventLog
from harness.store.record import ScenarioRecord
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Cluster, Platform, Timed

_TICK_S = 0.25
# Looking takes some tenths of a second of one core, which must not be seen in what is looked at.
_LOOK_FOR_RECOVERY_S = 2.5


# Gives the address by which clients reach a cluster that was just made.
Reach = Callable[[Cluster], Endpoint]


def own_address(cluster: Cluster) -> Endpoint:
    """Return the cluster's own address."""
    return cluster.endpoint()


class Execution:
    """One scenario on its way; `run` does all of it and leaves the folder complete, whatever happens."""

    def __init__(
        self,
        plan: Plan,
        platform: Platform,
        spec: ClusterSpec,
        folder: ScenarioFolder,
        reporter: Reporter,
        *,
        reach: Reach = own_address,
    ) -> None:
        self.plan, self.platform, self.spec, self.folder, self.reporter = plan, platform, spec, folder, reporter
        self._reach = reach
        self._clock = threading.Event()
        self._log: EventLog | None = None
        self._recorders: tuple[Recorder, ...] = ()
        self._load: Load | None = None
        self._effect_s: float | None = None

    def run(self, record: ScenarioRecord, *, keep_unless: Callable[[], bool] | None = None) -> None:
        """Do the plan. What stops it is written into the record, so that what there was can still be judged.

        With `keep_unless` the cluster stays up when the plan breaks off or this says no once it is done.
        Errors: HarnessError when the cluster could not be made or broke off, KeyboardInterrupt.
        """
        self._record = record
        self.folder.write_record(record)
        try:
            self._recorders = recorders(Recording(self.plan, self.spec, self.folder, self._append, self._note))
            with self.folder.event_log() as self._log, self._cluster(keep_unless) as cluster, ExitStack() as ending:
                self._journal = Journal(cluster.journal)
                self._each(lambda one: ending.enter_context(one.watching(cluster)))
                self._in_phases(cluster, ending)
        except BaseException as error:
            if not self._record.complete and not self._record.aborted:
                self._note(aborted=in_words(error))
            raise
        finally:
            if not self._record.complete:
                self._note(digests=self.folder.digests())

    @contextmanager
    def _cluster(self, keep_unless: Callable[[], bool] | None) -> Iterator[Cluster]:
        """Make the cluster, and remove it at the end, whatever happens."""
        passed = False
        with self._phase("yardstick", YARDSTICK_S):
            self._each(lambda one: one.alone())
        with self._phase("provision", self.plan.about.provision_s):
            cluster = self.platform.create(self.spec, keep=False)
            self._tell_start(cluster)
        try:
            try:
                yield cluster
            finally:
                keep_logs(cluster, self.folder, self._tell)
            self._complete()
            passed = keep_unless is None or keep_unless()
        finally:
            self._let_go(cluster, keep=keep_unless is not None and not passed)

    def _complete(self) -> None:
        """Say that all of the plan was done, and what the history is: at once, and before the cluster is removed.

        What fails after that, or kills the harness, takes nothing from it.
        """
        if self._log:
            self._log.close()
        self._note(complete=True, digests=self.folder.digests())

    def _let_go(self, cluster: Cluster, *, keep: bool) -> None:
        if not keep:
            cluster.destroy()
            return
        self.platform.keep(cluster.name)
        heal(cluster)
        where = cluster.endpoint().address
        self.reporter.say(
            f"{cluster.name} stays up at {where}; look with harness status, end it with harness down {cluster.name}"
        )

    def _in_phases(self, cluster: Cluster, ending: ExitStack) -> None:
        endpoint = self._reach(cluster)
        self._note(way_in=endpoint.way)
        self._each(lambda one: one.before_traffic(cluster))
        if cluster.shared and self.plan.scenario.data:
            ending.enter_context(self._leaving_nothing(cluster, Undo("drop", (collection_name(self.plan),))))
        traffic = self._loaded(endpoint)
        if traffic and traffic.load:
            self._under_traffic(cluster, traffic.load)
        else:
            self._without_traffic(cluster)
        self._each(lambda one: one.after_traffic(cluster, traffic))
        with self._journal.step("read everything back"), self._phase("readback", self.plan.readback_s):
            self._look_twice(traffic)
        self._each(lambda one: one.end(cluster))

    def _loaded(self, endpoint: Endpoint) -> PreparedTraffic | None:
        if not self.plan.scenario.data:
            return None
        with self._journal.step("load the collection"), self._phase("load", self.plan.about.load_s):
            return prepare_traffic(self.plan, self.folder, endpoint)

    def _each(self, do: Callable[[Recorder], object]) -> None:
        for one in self._recorders:
            with no_defects_of(type(one)):
                do(one)

    def _tell_start(self, cluster: Cluster) -> None:
        """Write down how long the members took to start: what limits on recovery are multiples of."""
        start_s = cluster.start_s() if isinstance(cluster, Timed) else None
        if start_s is not None:
            took_s = round(start_s, 3)
            self._append(as_event(ClusterStarted(took_s), cluster.name, monotonic_ns()))
            self.plan = replace(self.plan, bases=replace(self.plan.bases, start_s=took_s))

    @contextmanager
    def _leaving_nothing(self, cluster: Cluster, undo: Undo) -> Iterator[None]:
        with self._journal.step("use a Milvus that is there", (undo,)):
            try:
                yield
            finally:
                take_back(cluster, undo)

    def _note(self, **changes: object) -> None:
        self._record = replace(self._record, **changes)  # type: ignore[arg-type]  # callers name fields of the record
        self.folder.write_record(self._record)

    def _under_traffic(self, cluster: Cluster, load: Load) -> None:
        with self._journal.step("send traffic"), self._sending(load):
            with self._phase("warm-up", WARM_UP_S):
                self._pass(WARM_UP_S)
            SteadyState(self.plan, self.folder, self.reporter, self._pass, self._append).measure()
            self._act(cluster)
            self._observe(self.plan.observed_s(0.0 if self._effect_s is None else monotonic() - self._effect_s))

    def _without_traffic(self, cluster: Cluster) -> None:
        """Nobody is served, so there is nothing to compare with, and no recovery to wait for."""
        self._act(cluster)
        with self._phase("observe", self.plan.observe_s):
            self._pass(self.plan.observe_s)

    def _act(self, cluster: Cluster) -> None:
        for planned in self.plan.actions:
            with self._phase("fault", planned.wait_s + self.plan.expected_of(planned)):
                self._carry_out(planned, cluster)

    def _observe(self, at_most_s: float) -> None:
        """Observe until every client's recovery has shown that it lasts; a scenario's own length is kept."""
        passed_s = min(at_most_s, self.plan.shown_s)
        with self._phase("observe", passed_s):
            self._pass(passed_s)
            while passed_s < at_most_s and not served_again(self.folder, self.plan, monotonic_ns()):
                more_s = min(_LOOK_FOR_RECOVERY_S, at_most_s - passed_s)
                self._pass(more_s)
                passed_s += more_s

    def _carry_out(self, planned: PlannedAction, cluster: Cluster) -> None:
        def tell(label: str, what: str, detail: Mapping[str, str]) -> None:
            self._tell(EventKind.FAULT, label, what, detail)
            if what == "effect" and self._effect_s is None:
                self._effect_s = monotonic()

        self._pass(planned.wait_s)
        sight = LiveSight(cluster, self.folder.path, self.plan.scenario.data.rows if self.plan.scenario.data else 0)
        Driver(cluster, self._journal, tell, self._pass, sight, offering=self._offering).carry_out(planned)

    @contextmanager
    def _offering(self, action: str, offer: Offer) -> Iterator[None]:
        """Send more searches, beside those that are sent anyway."""
        if self._load is None:
            raise ClusterError("nobody sends any traffic", where=action, mend="give the scenario traffic")
        seed = zlib.crc32(f"{self.plan.seed} {action}".encode())
        with more_searches(self._load.job, offer, self.folder.more_traffic(action), seed) as load:
            load.started()
            yield

    def _look_twice(self, traffic: PreparedTraffic | None) -> None:
        """Look at what is there, twice, far enough apart; in between nothing is done, so that the machine is read."""
        self._each(lambda one: one.look(traffic, 1))
        again_s = monotonic() + self.plan.thresholds.readback_gap_s
        self._each(lambda one: one.alone())
        if traffic:
            self._pass(again_s - monotonic())
        self._each(lambda one: one.look(traffic, 2))

    @contextmanager
    def _sending(self, load: Load) -> Iterator[None]:
        self._load = load
        with load:
            yield
        self._load = None

    @contextmanager
    def _phase(self, name: str, expected_s: float) -> Iterator[None]:
        self._tell(EventKind.PHASE, name, "begin")
        self.reporter.phase(f"{self.plan.scenario.name}: {name}", expected_s)
        yield
        self._tell(EventKind.PHASE, name, "end")

    def _pass(self, seconds: float) -> None:
        """Let time pass, showing the traffic. Errors: ClusterError when the load or a recorder breaks off."""
        begin_s = monotonic()
        end_ns = monotonic_ns() + round(seconds * NS_PER_S)
        while (left_s := (end_ns - monotonic_ns()) / NS_PER_S) > 0:
            self._clock.wait(min(_TICK_S, left_s))
            self._check_alive()
            if self._load:
                seen = self._load.progress()
                self.reporter.tick(monotonic() - begin_s, rate=seen.rate, errors=seen.errors)

    def _check_alive(self) -> None:
        self._each(lambda one: one.check())
        if self._load and self._load.ended:
            raise ClusterError("the load generator ended too early", where=self._load.ended, mend="read its log")

    def _tell(self, kind: EventKind, name: str, what: str, detail: Mapping[str, str] | None = None) -> None:
        self._append(Event(monotonic_ns(), kind, name, what, detail or {}))

    def _append(self, event: Event) -> None:
        if self._log:
            self._log.append(event)
