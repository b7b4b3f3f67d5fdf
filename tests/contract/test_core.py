"""What is installed without any extra: it judges and draws a run, and names what the rest needs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ROOT / "tests" / "data" / "slow-machine-run.tar.xz"
CLIENTS = ("pymilvus", "grpcio", "locust", "kubernetes", "pytest")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the wheel alone, and the run to look at beside it."""
    place = tmp_path_factory.mktemp("core")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", place, ROOT], check=True)
    venv.create(place / "venv", with_pip=True)
    (wheel,) = place.glob("*.whl")
    subprocess.run([place / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", wheel], check=True)
    with tarfile.open(RUN) as archive:
        archive.extractall(place / "reports", filter="data")
    return place


def harness(core: Path, *arguments: str | Path) -> tuple[int, str]:
    command = [core / "venv/bin/harness", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=core)
    return done.returncode, done.stdout + done.stderr


def test_a_run_is_judged_and_drawn_where_no_client_is_installed(core: Path) -> None:
    listed = subprocess.run([core / "venv/bin/pip", "list"], capture_output=True, text=True, check=True).stdout
    assert not [name for name in CLIENTS if f"\n{name} " in listed]
    (run,) = (core / "reports").iterdir()
    code, said = harness(core, "recheck", run)
    assert (code, "bit for bit" in said) == (1, True), said
    (run / "index.html").unlink(missing_ok=True)
    code, said = harness(core, "report", run)
    assert (code, (run / "index.html").exists()) == (0, True), said


def test_every_command_is_named_and_one_that_needs_more_says_what(core: Path) -> None:
    code, said = harness(core, "--help")
    assert code == 0
    assert "selftest" in said
    code, said = harness(core, "up")
    assert (code, said.count("\n")) == (4, 1), said
    assert said.startswith("harness: ")
    assert "is not installed (harness): pip install 'milvus-harness[run]'" in said
