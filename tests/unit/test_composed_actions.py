"""Actions that are made of others: beside each other, several times, once something is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import harness.api
from harness.action import AnyAction, Sight
from harness.api import (
    ErrorsAbove,
    Every,
    Health,
    Kill,
    MemberIs,
    Pause,
    RateBelow,
    Role,
    RowsIn,
    Times,
    Together,
    When,
)
from harness.cluster import Durations
from harness.errors import BadInput, ClusterError, Unsupported
from harness.journal import Journal
from harness.plan.plan import PlannedAction
from harness.run.driver import Driver
from tests.unit.fake_cluster import NoTraffic, Obedient, Watched

# What no type checker would let through is what a user may write all the same.
api: Any = harness.api
KILL, PAUSE = Kill(Role.QUERY_NODE), Pause(Role.PROXY)


class Run:
    """Actions carried out on a fake cluster, where time passes only as they wait."""

    def __init__(self, cluster: Watched, sight: Sight | None = None) -> None:
        self.cluster, self.journal = cluster, Journal(cluster.journal)
        self.told: list[tuple[str, str]] = []
        self.waited_s: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self._sight = sight or NoTraffic(cluster)
        self._lock = threading.Lock()

    def do(self, action: AnyAction) -> None:
        Driver(self.cluster, self.journal, self._tell, self._wait, self._sight).carry_out(PlannedAction(action, 0.0, 0))

    def ids(self, moment: str) -> list[str]:
        return [of for of, what in self.told if what == moment]

    def _tell(self, _label: str, what: str, detail: Mapping[str, str]) -> None:
        with self._lock:
            self.told.append((detail["action"], what))

    def _wait(self, seconds: float) -> None:
        self.waited_s.append(seconds)
        self.on_wait()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(Obedient(tmp_path))


def test_what_is_done_together_overlaps_and_is_told_apart(run: Run) -> None:
    run.do(Together(Kill(Role.QUERY_NODE, heal_after_s=0.2), Pause(Role.PROXY, for_s=0.2)))
    first_heal = next(at for at, (_, what) in enumerate(run.told) if what == "heal")
    assert {of for of, what in run.told[:first_heal] if what == "effect"} == {"1.1", "1.2"}
    for of in ("1.1", "1.2"):
        assert [what for each, what in run.told if each == of] == ["inject", "effect", "heal", "healed"]
    assert run.journal.pending() == []


def test_two_of_one_role_hit_two_members(run: Run) -> None:
    run.do(Together(Kill(Role.QUERY_NODE, heal_after_s=0.1), Kill(Role.QUERY_NODE, heal_after_s=0.1)))
    assert {call for call in run.cluster.calls if call.startswith("kill")} == {"kill querynode-1", "kill querynode-2"}


def test_one_that_fails_lets_the_others_heal_and_is_told(tmp_path: Path) -> None:
    class Immortal(Obedient):
        def kill(self, member: str) -> None:
            self.calls.append(f"kill {member}")

    run = Run(Immortal(tmp_path))
    with pytest.raises(ClusterError, match="querynode-1 is ready, not dead"):
        run.do(Together(KILL, Pause(Role.PROXY, for_s=0.1)))
    assert run.ids("healed") == ["1.2"]
    assert [step.what for step in run.journal.pending()] == [KILL.label]


def test_where_one_finds_nobody_to_hit_none_begins(run: Run) -> None:
    with pytest.raises(BadInput, match="1 members of datanode are to be hit, 0 live"):
        run.do(Together(PAUSE, Kill(Role.DATA_NODE), Times(KILL, 2)))
    assert not run.told
    assert not run.cluster.calls


def test_what_begins_later_holds_up_nobody(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    run = Run(cluster, Shown(cluster, 0, 500))
    run.do(
        Together(Pause(Role.PROXY, for_s=0.1), When(RowsIn(500), Kill(Role.QUERY_NODE, heal_after_s=0.1), within_s=60))
    )
    assert run.ids("inject") == ["1.1", "1.2.1"]
    assert sorted(run.ids("healed")) == ["1.1", "1.2.1"]


def test_a_run_that_ends_stops_what_is_done_together_at_once_and_its_undo_stays(run: Run) -> None:
    def end_once_both_took_effect() -> None:
        if len(run.ids("effect")) == 2:
            raise KeyboardInterrupt

    run.on_wait = end_once_both_took_effect
    with pytest.raises(KeyboardInterrupt):
        run.do(Together(Kill(Role.QUERY_NODE, heal_after_s=3600), Pause(Role.PROXY, for_s=3600)))
    assert run.ids("heal") == []
    assert len(run.journal.pending()) == 2


def test_times_leaves_a_gap_and_each_has_an_id_and_a_member_of_its_own(run: Run) -> None:
    run.do(Times(KILL, count=3, gap_s=7))
    assert run.ids("healed") == ["1.1", "1.2", "1.3"]
    assert run.waited_s == [1.0, 7.0, 1.0, 7.0, 1.0]
    assert [call for call in run.cluster.calls if "kill" in call] == [f"kill querynode-{n}" for n in (1, 2, 1)]


def test_every_begins_at_its_moments(run: Run) -> None:
    run.do(Every(PAUSE, every_s=100, for_s=250))
    assert run.ids("healed") == ["1.1", "1.2", "1.3"]
    assert run.waited_s == pytest.approx([0, 5, 100, 5, 200, 5], abs=1)


class Shown(NoTraffic):
    """Traffic that shows what a test says, a look after another."""

    def __init__(self, cluster: Watched, *looks: float) -> None:
        super().__init__(cluster)
        self._looks = list(looks)

    def _next(self) -> float:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]

    def rows(self) -> int:
        return int(self._next())

    def rate(self, window_s: float) -> float:
        del window_s
        return self._next()

    def error_share(self, window_s: float) -> float:
        del window_s
        return self._next()


@pytest.mark.parametrize(
    ("state", "looks"),
    [(RowsIn(500), (100, 499, 500)), (RateBelow(40), (70, 40, 39.9)), (ErrorsAbove(0.1), (0, 0.1, 0.11))],
)
def test_an_action_begins_once_its_state_is_seen(tmp_path: Path, state: Any, looks: tuple[float, ...]) -> None:
    cluster = Obedient(tmp_path)
    run = Run(cluster, Shown(cluster, *looks))
    run.do(When(state, KILL, within_s=60))
    assert run.waited_s == [0.5, 0.5, 1.0]
    assert run.ids("healed") == ["1.1"]


def test_a_state_of_a_member_is_seen(run: Run) -> None:
    run.cluster.set("proxy-1", health=Health.PAUSED)
    run.on_wait = lambda: run.cluster.set("proxy-1", health=Health.READY)
    run.do(When(MemberIs(Role.PROXY, Health.READY), KILL, within_s=60))
    assert run.waited_s == [0.5, 1.0]


def test_a_state_that_does_not_come_in_its_time_is_told_and_nothing_is_done(run: Run) -> None:
    with pytest.raises(ClusterError, match=r"500 rows are in was not seen within 0\.001 s"):
        run.do(When(RowsIn(500), KILL, within_s=0.001))
    assert not run.told
    assert not run.cluster.calls


def test_words_and_expectations() -> None:
    about = Durations()
    together = Together(KILL, Times(PAUSE, 2))
    assert together.label == "kill querynode, together with 2 times pause proxy for 5 s, 10 s between"
    assert together.expected_s(about) == 2 * 8 + 10
    assert together.parts == (KILL, PAUSE)
    assert Every(KILL, 10, 60).label == "every 10 s for 60 s kill querynode"
    assert When(RowsIn(20_000), KILL, 30).label == "kill querynode once 20,000 rows are in, within 30 s"
    assert When(RowsIn(20_000), KILL, 30).expected_s(about) == 33


@pytest.mark.parametrize("action", [Together(KILL, PAUSE), Times(KILL, 2), Every(KILL, 1, 1), When(RowsIn(1), KILL, 1)])
def test_what_a_part_needs_the_whole_needs(tmp_path: Path, action: AnyAction) -> None:
    run = Run(Watched(tmp_path))
    with pytest.raises(Unsupported, match="kill querynode can't be done: its members are out of reach"):
        run.do(action)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (api.Together, "these are not two actions or more: () (Together)"),
        (lambda: api.Together(KILL), "these are not two actions or more"),
        (lambda: api.Together(KILL, "pause"), "these are not two actions or more"),
        (lambda: api.Times("kill", 2), "action is 'kill' (Times.action): input should be an instance of Action"),
        (lambda: api.Times(KILL, 0), "count is 0 (Times.count)"),
        (lambda: api.Every(KILL, 0, 10), "every_s is 0 (Every.every_s)"),
        (lambda: api.When("rows", KILL, 10), "state is 'rows' (When.state): input should be an instance of State"),
        (lambda: api.When(RowsIn(5), KILL), "within_s is missing (When)"),
        (lambda: api.ErrorsAbove(1.5), "share is 1.5 (ErrorsAbove.share)"),
        (lambda: api.MemberIs(Role.PROXY, "ready"), "health is 'ready' (MemberIs.health): take one of Health.READY, "),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()
    assert "\n" not in str(refused.value)
    assert said in str(refused.value)
