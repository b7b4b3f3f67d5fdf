"""Whether clients are served again for good, asked of a recorded run as it would have been while it went on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.api import Kill
from harness.cluster import Role
from harness.history import NS_PER_S
from harness.plan.plan import Plan, make_plan
from harness.plan.scenario import Scenario
from harness.run.judging import judge_folder
from harness.run.served import served_again
from harness.store.run_folder import RunFolder
from harness.store.scenario_folder import ScenarioFolder
from tests.unit.test_recorded_run import DATA, GATE, unpacked


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> ScenarioFolder:
    (folder,) = RunFolder.open(unpacked(DATA / GATE, tmp_path_factory.mktemp("run"))).scenarios()
    return folder


@pytest.fixture
def plan() -> Plan:
    return make_plan(Scenario("a", "A", (Kill(Role.QUERY_NODE),)), profile="default", replicas=1, seed=1)


def last_recovery_ns(folder: ScenarioFolder) -> int:
    judgement = judge_folder(folder)[2].judgement
    assert judgement.marks.effect_ns is not None
    return judgement.marks.effect_ns + round(max(c.recover_s for c in judgement.clients) * NS_PER_S)


@pytest.mark.parametrize(("after_s", "shown"), [(29.9, False), (30.1, True)])
def test_it_is_shown_once_the_last_client_was_served_for_the_whole_window(
    killed: ScenarioFolder, plan: Plan, after_s: float, *, shown: bool
) -> None:
    # What was sent within the deadline and the second in which it is written down is not on record.
    now_ns = last_recovery_ns(killed) + round((after_s + 2) * NS_PER_S)
    assert served_again(killed, plan, now_ns) is shown


def test_it_is_never_shown_by_what_is_not_kept_up(killed: ScenarioFolder, plan: Plan) -> None:
    long = replace(plan, thresholds=replace(plan.thresholds, window_s=500.0))
    assert not served_again(killed, long, last_recovery_ns(killed) + 60 * NS_PER_S)
