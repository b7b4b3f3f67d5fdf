"""More traffic for a time: by clients of its own, on record beside the scenario's own, and judged with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from harness.action import Offer
from harness.api import Kill, Role, Surge, Together
from harness.errors import BadInput, ClusterError
from harness.history import NS_PER_S, Event, EventKind, Result
from harness.journal import Journal
from harness.kind import Kind
from harness.load.process import Load
from harness.plan.plan import PlannedAction, make_plan
from harness.plan.scenario import Scenario
from harness.run.driver import Driver
from harness.run.traffic import more_searches
from harness.store.recorded import all_operations
from harness.store.scenario_folder import ScenarioFolder
from tests.unit.fake_cluster import NoTraffic, Obedient
from tests.unit.fake_milvus import FakeMilvus, serving
from tests.unit.test_load_process import _job, _wait

PLANNED = PlannedAction(Surge(50, for_s=3), 0.0, 0, id="1")


def test_its_effect_is_told_once_it_is_sent_and_its_end_before_it_is_over(tmp_path: Path) -> None:
    cluster, told = Obedient(tmp_path), []

    def tell(_label: str, moment: str, detail: Mapping[str, str]) -> None:
        told.append((moment, detail["action"]))

    @contextmanager
    def offering(action: str, offer: Offer) -> Iterator[None]:
        told.append((f"send {offer.search_rate:g}/s for {offer.for_s:g} s", action))
        yield
        told.append(("stop", action))

    driver = Driver(
        cluster, Journal(cluster.journal), tell, lambda s: told.append((f"{s:g} s", "")), NoTraffic(cluster)
    )
    with pytest.raises(ClusterError, match=r"50 searches a second can't be sent \(1\): give it traffic"):
        driver.carry_out(PLANNED)
    told.clear()
    Driver(**{**vars(driver), "offering": offering}).carry_out(PLANNED)
    moments = ["inject", "send 50/s for 3 s", "effect", "3 s", "heal", "stop", "healed"]
    assert [moment for moment, _ in told] == moments
    assert {action for _, action in told} == {"1", ""}


def test_it_is_a_step_of_the_plan_alone_or_beside_others() -> None:
    faults = (Together(Kill(Role.PROXY), Surge(50, for_s=3)),)
    lines = make_plan(Scenario("busy", "Busy", faults=faults), profile="fast", replicas=1, seed=1).lines()
    assert [line for line in lines if "send 50 more searches a second for 3 s" in line]


@pytest.mark.parametrize(
    ("rate", "for_s", "told"),
    [
        (0, 20, "search_rate is 0"),
        (float("nan"), 20, "search_rate is nan"),
        (float("inf"), 20, "search_rate is inf"),
        (1e9, 20, "search_rate is 1000000000.0"),
        (50, 0, "for_s is 0"),
        (0.01, 20, r"not one search is due in 20 s \(Surge.search_rate\): raise it, or for_s"),
    ],
)
def test_what_makes_no_sense_is_refused_as_it_is_made(rate: float, for_s: float, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        Surge(rate, for_s=for_s)


@pytest.fixture
def fake() -> Iterator[FakeMilvus]:
    with serving(FakeMilvus()) as running:
        yield running


def test_what_it_sends_is_on_record_beside_the_scenarios_own(fake: FakeMilvus, tmp_path: Path) -> None:
    folder, own = ScenarioFolder(tmp_path), _job(fake.endpoint, 4)
    load = Load(tmp_path, own, owner="x")
    with load:
        load.started()
        with more_searches(load.job, Offer(100.0, 1.0), folder.more_traffic("1"), seed=7) as more:
            more.started()
            _wait(lambda: bool(more.ended))
            healed = Event(more.t0_ns + 2 * NS_PER_S, EventKind.FAULT, "surge", "heal", {"action": "1"})
        _wait(lambda: bool(load.ended))
    found = all_operations(tmp_path, (healed,), k=3, deadline_ns=NS_PER_S // 2)
    sent = found.op_id >= 1_000_000_000
    assert len(found) == len(own.schedule) + sent.sum()
    assert sent.sum() == 100
    assert (found.outcome == Result.OK).all()
    assert (found.kind[sent] == Kind.SEARCH).all()
    assert len(np.unique(found.op_id)) == len(found)
    assert (found.intended_ns[sent] >= more.t0_ns).all()
    assert (found.hits[found.kind == Kind.SEARCH] == [3, 1, 2]).all()
    same, other = (more_searches(own, Offer(100.0, 1.0), folder.more_traffic(f"{n}"), seed=n) for n in (7, 8))
    assert np.array_equal(more.job.schedule.query, same.job.schedule.query)
    assert not np.array_equal(more.job.schedule.query, other.job.schedule.query)
    assert {"traffic-1/schedule.arrow", "schedule.arrow"} <= set(folder.digests())
