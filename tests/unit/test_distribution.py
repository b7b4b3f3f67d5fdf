"""A package of somebody's, installed from a wheel: its action, its platform and its evidence through the commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.fake_parts import make_wheel

HERE = Path(__file__).parent
ENTRY_POINTS = b"""\
[milvus_harness.platforms]
toy = sleepers.toy:ENTRY
[milvus_harness.evidence]
sleep = sleepers.toy:EVIDENCE
"""
SCENARIO = """\
from harness.api import Outcome, Role, Scenario, scenario
from sleepers.toy import Lull


NAP = Lull(Role.PROXY, for_s=0.5)


@scenario(Scenario("napping", "A proxy naps", faults=(NAP,), data=None, traffic=None, observe_s=0.1))
def test_napping(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Install the wheel apart, and return what runs a command where it is found."""
    files = {"sleepers/__init__.py": b""}
    for name in ("toy", "fake_cluster"):
        source = (HERE / f"{name}.py").read_text(encoding="utf-8")
        files[f"sleepers/{name}.py"] = source.replace("tests.unit.", "sleepers.").encode()
    files["sleepers-1.0.dist-info/entry_points.txt"] = ENTRY_POINTS
    make_wheel(tmp_path, "sleepers", "1.0", files)
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(place),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    environment = {**os.environ, "PYTHONPATH": str(place), "HARNESS_HOME": str(tmp_path / "home")}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )

    return run


def test_its_rows_are_carried_out_by_the_selftest_and_its_run_is_judged_again(run: Run, tmp_path: Path) -> None:
    done = run("harness.cli", "selftest", "--platform", "toy", "--row", "toy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as declared" in done.stdout
    (folder,) = (tmp_path / "reports").iterdir()
    assert "<h3>Sleep</h3>" in (folder / "index.html").read_text(encoding="utf-8")
    again = run("harness.cli", "recheck", str(folder))
    assert again.returncode == 1
    assert "bit for bit" in again.stdout


def test_a_scenario_of_its_parts_runs_through_pytest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_napping.py").write_text(SCENARIO, encoding="utf-8")
    slo = tmp_path / "mine.toml"
    slo.write_text("[napping]\nsnores = 0\nlost_rows = 0\n", encoding="utf-8")
    given = ("test_napping.py", "--harness-platform=toy", f"--harness-slo={slo}")
    planned = run("pytest", *given, "--harness-plan")
    assert "lull proxy for 0.5 s" in planned.stdout
    done = run("pytest", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "reports").iterdir()
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["scenarios"][0]["figures"]["snores"]["value"] == 0
    assert verdict["sentence"] == "A proxy naps: its one limit held."
