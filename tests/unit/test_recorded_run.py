"""A run that was recorded on a real cluster under the settings profile `default`: judged again, drawn again."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from harness.slo.limits import PROFILES
from harness.store.run_folder import RunFolder

ARCHIVE = Path(__file__).parents[1] / "data" / "default-run.tar.xz"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    return folder


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def shipped(profile: str) -> str:
    import harness.slo  # noqa: PLC0415 - only for its place

    return str(Path(harness.slo.__file__).with_name(f"{profile}.toml"))


def test_offline_the_verdict_is_the_same(run: Path) -> None:
    before = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    done = harness("recheck", str(run))
    assert done.returncode == before["exit_code"] == 0, done.stdout
    assert "PASS" in done.stdout


def test_limits_bite(run: Path) -> None:
    """What recovers at the release's own pace is no pass by the limits of the fast profile."""
    assert {"fast", "default"} <= set(PROFILES)
    assert harness("recheck", str(run), "--slo", shipped("default")).returncode == 0
    done = harness("recheck", str(run), "--slo", shipped("fast"))
    assert done.returncode == 1, done.stdout
    assert "over the limit" in " ".join(done.stdout.split())


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
    assert harness("recheck", str(run)).returncode == 0


def test_a_history_that_was_cut_is_invalid_and_judged_with_what_is_known(run: Path) -> None:
    (stream,) = RunFolder.open(run).scenarios_path.glob("*/operations-*.arrow")
    content = stream.read_bytes()
    stream.write_bytes(content[: len(content) // 2])
    done = harness("recheck", str(run))
    assert done.returncode == 3, done.stdout
