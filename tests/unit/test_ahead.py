"""The next scenario is prepared while the one before is read back: taken, or abandoned without a trace."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import pytest

from harness.cluster import ClusterSpec
from harness.errors import ClusterError
from harness.history import Event, EventKind
from harness.plan.plan import make_plan
from harness.plan.scenario import Scenario
from harness.run.ahead import Ahead
from harness.run.execute import Execution
from harness.run.progress import Silent
from harness.run.scenario_run import Prepared
from harness.run.traffic import Traffic
from harness.run.yardstick import Alone
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Platform
from tests import sample_run
from tests.unit.fake_cluster import Watched

YARDSTICK = Event(
    5, EventKind.MACHINE, "yardstick", "read", {"client": "0.5", "search": "1", "fsync": "1", "start": "9"}
)


class Machine(Watched):
    """A cluster and its platform: it is made once it may be, starts in four seconds, and says whether it is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.may, self.made = threading.Event(), False

    def create(self, *_: object, keep: bool) -> Machine:
        assert not keep
        assert self.may.wait(10)
        self.made = True
        return self

    def start_s(self) -> float:
        return 4.0

    def destroy(self) -> None:
        self.made = False


class Filled(Execution):
    """A scenario without traffic."""

    def _filled(self, ending: object) -> Traffic:
        return cast("Traffic", ending)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def begin(machine: Machine, alone: Alone) -> tuple[Ahead, Prepared]:
    machine.folder.mkdir()
    folder = ScenarioFolder.create(machine.folder)
    plan = make_plan(Scenario("kill", "Kill"), profile="fast", replicas=1, seed=1)
    spec = ClusterSpec("kill", "2.3.5", "fast", {}, plan.scenario.topology)
    prepared = Prepared(folder, Filled(plan, cast("Platform", machine), spec, folder, Silent()))

    def prepare() -> Prepared:
        prepared.execution.prepare(sample_run.record(complete=False), alone=alone)
        return prepared

    return Ahead(prepare), prepared


def test_it_is_ready_when_it_is_taken_with_what_the_machine_did_alone(machine: Machine, tmp_path: Path) -> None:
    machine.folder = tmp_path / "next"
    ahead, prepared = begin(machine, Alone(YARDSTICK, 3.0))
    machine.may.set()
    assert ahead.take() is prepared
    assert machine.made
    events = prepared.folder.read_history().events
    assert [e.detail for e in events if e.name == "yardstick" and e.kind is EventKind.MACHINE] == [YARDSTICK.detail]
    assert [e.detail for e in events if e.what == "started"] == [{"took_s": "3.0"}]
    assert prepared.execution.plan.bases.start_s == 3.0
    assert min(e.t_ns for e in events) > YARDSTICK.t_ns
    prepared.execution.give_up()
    assert not machine.made


def test_a_start_that_was_faster_than_the_first_counts(machine: Machine, tmp_path: Path) -> None:
    machine.folder = tmp_path / "next"
    ahead, prepared = begin(machine, Alone(YARDSTICK, 5.0))
    machine.may.set()
    ahead.take()
    assert prepared.execution.plan.bases.start_s == 4.0
    prepared.execution.give_up()


def test_abandoned_it_leaves_neither_cluster_nor_folder(machine: Machine, tmp_path: Path) -> None:
    machine.folder = tmp_path / "next"
    ahead, prepared = begin(machine, Alone(YARDSTICK, None))
    threading.Timer(0.2, machine.may.set).start()
    ahead.abandon()
    assert not machine.made
    assert not prepared.folder.path.exists()


def test_what_could_not_be_made_is_said_to_whoever_takes_it(tmp_path: Path) -> None:
    def fail() -> Prepared:
        raise ClusterError("no room", where="here", mend="make some")

    with pytest.raises(ClusterError, match="no room"):
        Ahead(fail).take()
