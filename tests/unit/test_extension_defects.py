"""What is wrong with an extension costs itself alone, and is told in one line."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.plan.plan import make_plan
from harness.platforms import entry
from harness.platforms.choice import PlatformChoice
from harness.platforms.registry import make_platform
from harness.report.page import fragment
from harness.run.judging import review
from harness.run.options import RunOptions
from harness.run.progress import PlainProgress
from harness.run.scenario_run import Wanted, check
from harness.selftest.carry_out import run_matrix
from harness.selftest.matrix import MATRIX
from harness.selftest.table import sentence, verdict_of
from harness.slo import evidence
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord, Skipped
from harness.verdict import Verdict
from tests.unit import test_extension, toy
from tests.unit.test_extension import carried_out, forget

installed = test_extension.installed


def crash(*_: object) -> None:
    raise ZeroDivisionError("a defect")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("moment", ["alone", "after_traffic", "__init__"])
def test_a_recorder_that_crashes_makes_its_run_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(toy.SnoreRecorder, moment, crash)
    monkeypatch.setattr("harness.selftest.carry_out._TRIES", 1)
    detected, run = carried_out(tmp_path, "toy-quiet")
    assert detected.judged.judgement.verdict is Verdict.INVALID
    assert "ZeroDivisionError: a defect" in detected.judged.aborted
    # What there was is sealed all the same.
    assert bool(next(iter(run.scenarios())).record().digests) == (moment != "__init__")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("part", ["tables", "story", "lanes", "about"])
def test_a_section_that_crashes_leaves_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    _, run = carried_out(tmp_path, "toy")
    monkeypatch.setattr(toy.SnoreSection, part, crash)
    drawn = fragment(review(run))
    assert "Times that a sleeping member was heard" in drawn
    assert "sleep can&#39;t be drawn: ZeroDivisionError: a defect" in drawn


@pytest.mark.usefixtures("installed")
def test_a_part_that_cannot_be_imported_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(toy, "SnoreSection")
    wanted = Wanted(make_plan(toy.QUIET, profile="fast", replicas=1, seed=1), "quiet", "pytest")
    with pytest.raises(BadInput, match=r"no attribute 'SnoreSection' \(evidence 'sleep'\): mend the package"):
        check(wanted, RunOptions(), make_platform(PlatformChoice("toy")))


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[RunFolder]:
    """A run of an extension that is not installed any more."""
    with pytest.MonkeyPatch.context() as patch:
        setup = test_extension.installed.__wrapped__(patch, tmp_path)  # type: ignore[attr-defined]  # the fixture's function
        next(setup)
        _, run = carried_out(tmp_path, "toy")
    forget()
    yield run
    forget()


def test_a_run_of_one_that_is_not_installed_says_which(left_behind: RunFolder) -> None:
    with pytest.raises(BadInput, match=r"it was judged by sleep, which is not installed .*: install the package"):
        review(left_behind)


def test_what_it_sealed_is_not_taken_for_removed(left_behind: RunFolder) -> None:
    folder = next(iter(left_behind.scenarios()))
    assert folder.read_history().complete
    (folder.path / "dreams.json").unlink()
    with pytest.raises(BadInput, match=r"dreams.json was removed after the run had ended"):
        folder.read_history()


def test_a_harness_without_its_entry_points_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "entry_points", EntryPoints(()).select)
    forget()
    with pytest.raises(BadInput, match=r"the harness is not installed as it is now .*: install it again"):
        evidence.kinds()
    forget()


def test_a_platform_that_cannot_be_loaded_keeps_nothing_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no.such.module:ENTRY", entry.GROUP)
    monkeypatch.setattr(entry, "entry_points", EntryPoints((*entry_points(group=entry.GROUP), broken)).select)
    told = [one for each in entry.entries() for one in each.doctor()]
    assert any("ModuleNotFoundError: No module named 'no' (platform 'broken')" in one.what for one in told)
    assert [one for each in entry.entries() for one in each.leftovers()] == []
    with pytest.raises(BadInput, match="No module named 'no'"):
        make_platform(PlatformChoice("broken"))


@pytest.mark.usefixtures("installed")
def test_a_row_that_a_platform_cannot_plant_is_skipped_with_the_reason(tmp_path: Path) -> None:
    rows = tuple(row for row in MATRIX if row.number == "19")
    about = RunRecord("selftest", 1, "2026-01-01T00:00:00+00:00", "harness selftest")
    run = RunFolder.create(tmp_path / "reports", about)
    options = RunOptions(platform=PlatformChoice("toy"), reports=tmp_path / "reports")
    found = list(run_matrix(rows, options, run, PlainProgress(lambda _: None)))
    (skipped,) = (one for one in found if isinstance(one, Skipped))
    assert skipped.reason.startswith("it is planted on LocalPlatform alone (row 19)")
    assert review(run, skipped=[skipped]).verdict.verdict is not Verdict.PASS
    assert verdict_of([]) is Verdict.INCONCLUSIVE
    assert sentence([]) == "No row could be planted here."


@pytest.mark.parametrize("text", ["yes", "1", "True"])
def test_an_option_that_is_yes_or_no_is_nothing_else(text: str) -> None:
    with pytest.raises(BadInput, match=r"tls is '.*' \(platform option tls\): give true or false"):
        make_platform(PlatformChoice.of("kind", [f"tls={text}"]))
