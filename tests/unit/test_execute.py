"""How a scenario's folder is left: complete and sealed, or broken off and sealed, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from harness.cluster import ClusterSpec
from harness.errors import BadInput, ClusterError
from harness.plan.plan import make_plan
from harness.plan.scenario import Scenario
from harness.run.execute import Execution
from harness.run.progress import PlainProgress
from harness.store.record import ScenarioRecord
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Cluster, Platform
from tests import sample_run
from tests.unit.fake_cluster import Watched


class Made(Watched):
    """A cluster that is removed as a test says, and the platform that makes it."""

    def __init__(self, folder: Path, removed: Callable[[], None]) -> None:
        super().__init__(folder)
        self._removed = removed

    def create(self, *_: object, keep: bool) -> Made:
        assert not keep
        return self

    def destroy(self) -> None:
        self._removed()


class Short(Execution):
    """A plan without traffic."""

    done: Callable[[], None] = staticmethod(lambda: None)

    def _in_phases(self, cluster: Cluster, ending: ExitStack) -> None:
        del cluster, ending
        self.done()


def carry_out(folder: ScenarioFolder, done: Callable[[], None], removed: Callable[[], None]) -> None:
    platform = cast("Platform", Made(folder.path.parent, removed))
    plan = make_plan(Scenario("kill", "Kill"), profile="fast", replicas=1, seed=1)
    spec = ClusterSpec("kill", "2.3.5", "fast", {}, plan.scenario.topology)
    execution = Short(plan, platform, spec, folder, PlainProgress(lambda _: None))
    execution.done = done
    execution.run(sample_run.record(complete=False))


@pytest.fixture
def folder(tmp_path: Path) -> ScenarioFolder:
    (tmp_path / "kill").mkdir()
    return ScenarioFolder.create(tmp_path / "kill")


def fail() -> None:
    raise ClusterError("can't go on", where="here", mend="nothing")


def nothing() -> None:
    """All is well."""


def test_it_is_complete_and_sealed_before_the_cluster_is_removed(folder: ScenarioFolder) -> None:
    seen: list[ScenarioRecord] = []
    carry_out(folder, nothing, lambda: seen.append(folder.record()))
    assert (seen[0].complete, seen[0].digests) == (True, folder.digests())
    assert folder.record() == seen[0]
    assert folder.read_history().complete


def test_a_cluster_that_cannot_be_removed_takes_nothing_from_what_was_done(folder: ScenarioFolder) -> None:
    with pytest.raises(ClusterError, match="can't go on"):
        carry_out(folder, nothing, fail)
    assert (folder.record().complete, folder.record().aborted) == (True, "")
    assert_sealed(folder)


@pytest.mark.parametrize("removed", [nothing, fail])
def test_what_broke_off_is_sealed_too(folder: ScenarioFolder, removed: Callable[[], None]) -> None:
    with pytest.raises(ClusterError, match="can't go on"):
        carry_out(folder, fail, removed)
    assert not folder.record().complete
    assert "can't go on" in folder.record().aborted
    assert_sealed(folder)


def assert_sealed(folder: ScenarioFolder) -> None:
    assert folder.record().digests == folder.digests() != {}
    with folder.events.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BadInput, match=r"events\.arrow was changed after the run had ended"):
        folder.read_history()


class Observing(Execution):
    """Time passes at once; `looks` says what each look at the clients finds."""

    looks: list[bool]

    def _pass(self, seconds: float) -> None:
        self.passed = [*getattr(self, "passed", []), seconds]


@pytest.mark.parametrize(
    ("own_s", "looks", "passed"),
    [
        (None, [True], [32.0]),
        (None, [False, True], [32.0, 2.5]),
        (None, [False, False], [32.0, 2.5, 1.5]),  # to the end, where nobody looks any more
        (7.0, [], [7.0]),
    ],
)
def test_it_is_observed_until_recovery_has_lasted(
    folder: ScenarioFolder,
    monkeypatch: pytest.MonkeyPatch,
    own_s: float | None,
    looks: list[bool],
    passed: list[float],
) -> None:
    monkeypatch.setattr("harness.run.execute.served_again", lambda *_: looks.pop(0))
    plan = make_plan(Scenario("kill", "Kill", observe_s=own_s), profile="fast", replicas=1, seed=1)
    platform = cast("Platform", Made(folder.path.parent, nothing))
    spec = ClusterSpec("kill", "2.3.5", "fast", {}, plan.scenario.topology)
    execution = Observing(plan, platform, spec, folder, PlainProgress(lambda _: None))
    execution._observe(own_s or 36.0)
    assert execution.passed == passed
    assert looks == []
