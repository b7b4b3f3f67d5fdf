"""What a violation says of itself on the page: what was expected, operations, time, command, members' log lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.evidence.data.rows import ledger_of
from harness.history import NS_PER_S, Event, EventKind, History
from harness.report.panel import panel
from harness.run.judging import view
from harness.store.run_folder import RunFolder
from tests import sample_run
from tests.unit.test_report_page import text_of
from tests.unit.test_store_folders import RUN, filled

# When the run's clock was at nought.
WALL_S = 1_767_322_800


def told(tmp_path: Path, past: History, warned_at_s: float) -> str:
    """Record a run in which a member warned once; return its panel's text."""
    folder = filled(RunFolder.create(tmp_path, RUN), past)
    folder.write_record(sample_run.record(wall_offset_ns=WALL_S * NS_PER_S))
    at = datetime.fromtimestamp(WALL_S + sample_run.at(warned_at_s) / NS_PER_S, UTC)
    line = f'[{at:%Y/%m/%d %H:%M:%S}.250 +00:00] [WARN] [segment.go:7] ["segment is gone"]\n'
    (folder.logs / "querynode-1.log").write_text(line, encoding="utf-8")
    return " ".join(text_of(panel(view(folder)[1])).split())


def without(past: History, key: int) -> History:
    """Take a row out of both reads."""
    reads = (replace(r, keys=r.keys[r.keys != key], versions=r.versions[r.keys != key]) for r in past.readbacks)
    return replace(past, readbacks=tuple(replace(r, count=len(r.keys)) for r in reads))


def test_a_lost_row_names_its_write_and_what_was_warned_of_around_it(tmp_path: Path) -> None:
    past = sample_run.history()
    present = ledger_of(past.operations, sample_run.ROWS).present
    key = int(present[present >= sample_run.ROWS][0])
    (wrote,) = past.operations.intended_ns[past.operations.key == key]
    second = (int(wrote) - sample_run.T0_NS) / NS_PER_S
    text = told(tmp_path, without(past, key), second + 1)
    assert "was last written at \u2212" in text
    assert "acknowledged and not deleted, yet absent from both reads" in text
    assert "expected: every row whose insert was acknowledged" in text
    assert "insert key 10000000" in text
    assert "querynode-1 [" in text
    assert "segment is gone" in text
    assert "--seed 7" in text


def test_a_loaded_row_that_is_lost_is_told_with_what_was_warned_of_as_the_fault_took_effect(tmp_path: Path) -> None:
    past = sample_run.history()
    text = told(tmp_path, without(past, int(past.readbacks[0].keys[0])), sample_run.EFFECT_S + 1)
    assert "segment is gone" in text


def test_a_broken_limit_is_told_with_its_time_what_was_expected_and_what_was_warned_of(tmp_path: Path) -> None:
    past = sample_run.history(errors_s=20)
    text = told(tmp_path, past, sample_run.EFFECT_S + 1)
    assert "searches were bad, without an answer in time at +0.1" in text
    assert "expected: Seconds with more than 5% bad searches \u2264 15 s" in text
    assert "segment is gone" in text


def test_what_was_warned_of_at_another_time_is_not_told(tmp_path: Path) -> None:
    past = sample_run.history()
    key = int(past.readbacks[0].keys[0])
    text = told(tmp_path, without(past, key), sample_run.EFFECT_S + 20)
    assert "segment is gone" not in text
    assert "No member logged a warning" in text


def test_a_member_that_ended_by_itself_is_named_with_what_was_warned_of_then(tmp_path: Path) -> None:
    past = sample_run.history()
    second = sample_run.EFFECT_S + 20
    ended = Event(sample_run.at(second), EventKind.MEMBER, "datanode-1", "down")
    events = tuple(sorted((*past.events, ended), key=lambda event: event.t_ns))
    text = told(tmp_path, replace(past, events=events), second)
    assert "restart ended though no fault said so: datanode-1" in text
    assert "expected: a member goes only where the plan ends it" in text
    assert "segment is gone" in text
