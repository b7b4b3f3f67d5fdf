"""Runs inside pytest: what is skipped, verdicts and exit codes, and the files of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.pytest_plugin import session as sessions
from harness.report.view import RunView
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunRecord, RunVerdict, Skipped
from harness.verdict import EXIT_DEFECT, Judgement, Marks, Validity, Verdict
from tests.unit.inner_pytest import ORDINARY, SCENARIOS, Run

pytest_plugins = ["pytester"]


def test_what_cannot_be_done_through_an_address_is_skipped_with_the_reason(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(SCENARIOS)
    result = run("-rs", "-k", "two", "--harness-endpoint=127.0.0.1:1")
    result.assert_outcomes(skipped=1, deselected=1)
    assert result.ret == Verdict.INVALID.exit_code
    result.stdout.fnmatch_lines(["*kill proxy can't be done: its members are out of reach*"])
    (folder,) = (pytester.path / "reports").iterdir()
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "INVALID"
    assert "its members are out of reach" in (folder / "verdict.json").read_text(encoding="utf-8")
    assert "<skipped" in (folder / "junit.xml").read_text(encoding="utf-8")
    assert "skipped" in (folder / "index.html").read_text(encoding="utf-8").lower()


class Stage:
    """Scenarios that end as a test says, without a cluster."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.unmet: tuple[Validity, ...] = ()
        self.judged: list[Judged] = []

    def run_scenario(self, wanted: Any, *_: object) -> Judged:
        verdict = self.verdicts.pop(0)
        reasons = () if verdict is Verdict.PASS else (f"because it is {verdict}",)
        judgement = Judgement(verdict, reasons, (), self.unmet, (), Marks(None, None, None, None, None))
        self.judged.append(Judged(wanted.name, wanted.plan.scenario.title, f"scenarios/{wanted.name}", judgement))
        return self.judged[-1]

    def review(self, _: object, skipped: list[Skipped]) -> RunView:
        about = RunRecord("all", 1, "2025-03-14T09:26:53+00:00", "pytest")
        return RunView(about, RunVerdict.of([*self.judged, *skipped]), {})


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage()
    monkeypatch.setattr(sessions, "run_scenario", made.run_scenario)
    monkeypatch.setattr(sessions, "review", made.review)
    yield made
    assert made.verdicts == []


P, F, C, V = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID


@pytest.mark.parametrize(
    ("verdicts", "ends"),
    [
        ([P, P], (0, {"passed": 3})),
        ([P, F], (1, {"passed": 2, "failed": 1})),
        ([V, P, P], (0, {"passed": 3})),
        ([V, V, P], (3, {"passed": 2, "errors": 1})),
        ([C, C, P], (2, {"passed": 2, "errors": 1})),
        ([V, F, P], (1, {"passed": 2, "failed": 1})),
        ([V, V, F], (1, {"passed": 1, "failed": 1, "errors": 1})),
    ],
)
def test_what_proves_nothing_is_run_once_more_and_a_fail_never(
    pytester: pytest.Pytester, run: Run, stage: Stage, verdicts: list[Verdict], ends: tuple[int, dict[str, int]]
) -> None:
    pytester.makepyfile(test_a=ORDINARY, test_b=SCENARIOS)
    stage.verdicts = verdicts
    result = run()
    result.assert_outcomes(**ends[1])
    assert result.ret == ends[0]
    result.stdout.fnmatch_lines([f"*= {RunVerdict.of(stage.judged).verdict} =*", "page: reports/*/index.html"])


def test_a_machine_that_is_too_slow_is_not_asked_again(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(SCENARIOS)
    stage.verdicts = [V, P]
    stage.unmet = (Validity("Processor time in the steady state", "2.00 of 2 cores busy", "< 95%", ok=False),)
    assert run().ret == 3


def test_a_run_that_cannot_be_judged_is_no_verdict_on_milvus(
    pytester: pytest.Pytester, run: Run, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> RunView:
        raise OSError(28, "No space left on device")

    pytester.makepyfile(SCENARIOS)
    stage.verdicts = [P, P]
    monkeypatch.setattr(sessions, "review", full)
    result = run()
    assert result.ret == EXIT_DEFECT
    result.stdout.fnmatch_lines(["harness: the run can't be judged: OSError: * No space left on device"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_a_defect_of_pytests_is_not_told_as_invalid(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(SCENARIOS)
    pytester.makeconftest("def pytest_runtest_logfinish():\n    raise RuntimeError\n")
    stage.verdicts = [P]
    assert run().ret == EXIT_DEFECT


def test_a_pass_does_not_hide_that_an_ordinary_test_failed(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(test_a="def test_ordinary(): assert False\n", test_b=SCENARIOS)
    stage.verdicts = [P, P]
    result = run()
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == 1


def test_a_skip_of_the_users_own_is_told_with_its_reason(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(
        SCENARIOS.replace('@scenario(Scenario("two"', "@pytest.mark.skip('not today')\n    @scenario(Scenario(\"two\"")
    )
    stage.verdicts = [P]
    result = run()
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == Verdict.INCONCLUSIVE.exit_code
    result.stdout.fnmatch_lines(["The second was skipped: not today."])


def test_a_run_leaves_its_page_its_verdict_and_its_junit(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(SCENARIOS)
    stage.verdicts = [P, F]
    run("--harness-reports=here", "--harness-seed=5")
    (folder,) = (pytester.path / "here").iterdir()
    assert folder.name.endswith("-all-5")
    assert {"run.json", "verdict.json", "summary.md", "junit.xml", "index.html"} <= {p.name for p in folder.iterdir()}
    assert 'failures="1"' in (folder / "junit.xml").read_text(encoding="utf-8")
    assert "because it is FAIL" in (folder / "index.html").read_text(encoding="utf-8")


def test_a_page_and_a_junit_that_the_user_asked_for_are_theirs(
    pytester: pytest.Pytester, run: Run, stage: Stage
) -> None:
    pytester.makepyfile(SCENARIOS)
    stage.verdicts = [P, P]
    result = run("--html=own.html", "--junitxml=own.xml")
    assert result.ret == 0
    assert "test_one[fast-1]" in (pytester.path / "own.html").read_text(encoding="utf-8")
    (folder,) = (pytester.path / "reports").iterdir()
    assert "The first" in (folder / "index.html").read_text(encoding="utf-8")
    assert not (folder / "junit.xml").exists()
    assert 'tests="2"' in (pytester.path / "own.xml").read_text(encoding="utf-8")


def test_the_command_of_a_run_repeats_it(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(test_b=SCENARIOS)
    stage.verdicts = [P]
    run("test_b.py", "--harness-select=gate", "--harness-seed", "9", "--harness-set=proxy.maxTaskNum=1 2")
    (folder,) = (pytester.path / "reports").iterdir()
    command = json.loads((folder / "run.json").read_text(encoding="utf-8"))["command"]
    assert command.startswith("pytest ")
    assert "test_b.py --harness-select=gate --harness-seed 9 '--harness-set=proxy.maxTaskNum=1 2'" in command


def test_a_run_says_at_its_beginning_what_was_selected(pytester: pytest.Pytester, run: Run, stage: Stage) -> None:
    pytester.makepyfile(test_b=SCENARIOS)
    stage.verdicts = [V, P, P]
    run()
    (folder,) = (pytester.path / "reports").iterdir()
    assert RunFolder.open(folder).record().selected == ("one", "two")


def test_ctrl_c_is_130_whatever_the_verdict(
    pytester: pytest.Pytester, run: Run, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(SCENARIOS)

    def interrupted(*_: object) -> Judged:
        raise KeyboardInterrupt

    monkeypatch.setattr(sessions, "run_scenario", interrupted)
    result = run()
    assert result.ret == 130
    (folder,) = (pytester.path / "reports").iterdir()
    assert (folder / "index.html").exists()
