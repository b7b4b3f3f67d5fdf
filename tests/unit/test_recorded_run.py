"""Runs that were recorded on a real cluster: judged again, drawn again. One is of the settings profile `default`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from harness.run.judging import review
from harness.store.jsonfile import write_sealed
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged
from harness.store.verdict_file import differences

DATA = Path(__file__).parents[1] / "data"
ARCHIVES = sorted(DATA.glob("*.tar.xz"))
GATE = "default-run.tar.xz"


def unpacked(archive: Path, into: Path) -> Path:
    """Unpack a run; return its folder."""
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")
    (folder,) = into.iterdir()
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (archive,) = (path for path in ARCHIVES if path.name == GATE)
    return unpacked(archive, tmp_path)


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_offline_the_verdict_is_the_same(run: Path) -> None:
    before = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    done = harness("recheck", str(run))
    assert done.returncode == before["exit_code"] == 0, done.stdout
    assert "PASS" in done.stdout
    figures = len(before["scenarios"][0]["figures"])
    assert f"as it was judged then: the same verdict and {figures} figures, bit for bit" in done.stdout


def test_offline_a_difference_is_named(run: Path) -> None:
    path = run / "verdict.json"
    edited = json.loads(path.read_text(encoding="utf-8"))
    figure = edited["scenarios"][0]["figures"]["recover_s"]
    was, figure["value"] = figure["value"], 1.5
    path.write_text(json.dumps(edited), encoding="utf-8")
    done = harness("recheck", str(run))
    assert done.returncode == 0, done.stdout
    assert "NOT as it was judged then: 1 of its lines differ" in done.stdout
    assert f"query-node-killed, figures.recover_s.value: then 1.5, now {was}" in done.stdout


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def test_every_figure_is_the_same_bit_for_bit(archive: Path, tmp_path: Path) -> None:
    """On whatever Python this runs: tox -e py312-unit, tox -e py313-unit."""
    folder = RunFolder.open(unpacked(archive, tmp_path))
    before = folder.read_verdict()
    assert before.scenarios
    assert not list(differences(before, review(folder).verdict))


def test_a_healthy_milvus_on_a_slower_machine_passes_by_the_shipped_limits_and_not_by_another_machines(
    tmp_path: Path,
) -> None:
    """Recorded on an AMD EPYC, under limits in milliseconds that an Intel Xeon had given."""
    run = unpacked(DATA / "slow-machine-run.tar.xz", tmp_path)
    own = harness("recheck", str(run))
    assert own.returncode == 1
    assert "steady_p95_ms 30.98 ms is over the limit of 25 ms" in " ".join(own.stdout.split())
    assert harness("recheck", str(run), "--slo", "fast").returncode == 0
    for entry in review(RunFolder.open(run), Path("fast")).verdict.scenarios:
        assert isinstance(entry, Judged)
        unjudged = {row.figure for row in entry.judgement.slos if row.basis.startswith("not judged")}
        assert unjudged == {"steady_p95_ms", "steady_p99_ms"}  # the yardstick was not read then


def test_limits_bite(run: Path, tmp_path: Path) -> None:
    """What recovers as if sessions lasted for the release's own 30 s is no pass where they last for 3 s."""
    assert harness("recheck", str(run), "--slo", "default").returncode == 0
    (folder,) = RunFolder.open(run).scenarios()
    folder.write_record(replace(folder.record(), settings={"common.session.TTL": "3"}))
    done = harness("recheck", str(run), "--slo", "default")
    assert done.returncode == 1, done.stdout
    assert "x session time-out 3 s" in " ".join(done.stdout.split())


def test_the_page_is_made_again_from_the_folder_alone(run: Path) -> None:
    assert not (run / "index.html").exists()
    done = harness("report", str(run))
    assert done.returncode == 0, done.stderr
    page = (run / "index.html").read_text(encoding="utf-8")
    assert "A query node is killed" in page
    assert "<svg" in page
    assert "PASS" in (run / "summary.md").read_text(encoding="utf-8")


def test_a_run_without_its_verdict_can_still_be_judged(run: Path) -> None:
    """As a harness leaves it that was killed."""
    (run / "verdict.json").unlink()
    done = harness("recheck", str(run))
    assert done.returncode == 0
    assert "how it was judged then is not known: not a run's verdict" in done.stdout


def test_a_history_that_was_cut_is_refused_in_one_line(run: Path) -> None:
    stream = cut(run)
    done = harness("recheck", str(run))
    assert done.returncode == 4, done.stdout
    assert f"{stream.name} was changed after the run had ended" in " ".join(done.stderr.split())


def test_a_run_that_was_killed_is_invalid_and_judged_with_what_is_known(run: Path) -> None:
    (scenario,) = RunFolder.open(run).scenarios()
    scenario.write_record(replace(scenario.record(), complete=False, digests={}))
    cut(run)
    done = harness("recheck", str(run))
    assert done.returncode == 3, done.stdout
    assert "INVALID" in done.stdout


def test_a_run_killed_between_its_scenarios_is_invalid(run: Path) -> None:
    folder = RunFolder.open(run)
    both = replace(folder.record(), selected=("query-node-killed", "proxy-killed"), format=2)
    write_sealed(run / "run.json", asdict(both))
    done = harness("recheck", str(run))
    assert done.returncode == 3, done.stdout
    assert "proxy-killed: selected, but never ran: the run was ended before it" in " ".join(done.stdout.split())


def test_a_limit_that_was_raised_in_the_folder_is_refused(run: Path) -> None:
    (record,) = RunFolder.open(run).scenarios_path.glob("*/scenario.json")
    kinder = json.loads(record.read_text(encoding="utf-8"))
    kinder["limits"]["recover_s"] += 100
    record.write_text(json.dumps(kinder), encoding="utf-8")
    done = harness("recheck", str(run))
    assert done.returncode == 4, done.stdout
    assert "scenario.json was changed after the harness wrote it" in " ".join(done.stderr.split())


def cut(run: Path) -> Path:
    """Leave half of a stream; return its file."""
    (stream,) = RunFolder.open(run).scenarios_path.glob("*/operations-0-*.arrow")
    content = stream.read_bytes()
    stream.write_bytes(content[: len(content) // 2])
    return stream
