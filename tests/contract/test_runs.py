"""Whole runs of scenarios, as a user starts them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness.platforms import home, registry
from harness.platforms.local.cluster import LocalCluster
from tests.ci import judged
from tests.contract.leftovers import look
from tests.contract.runs import SHORT, command, only_run, scenario_file

NO_FAULT = SHORT.replace("    faults=(Kill(Role.QUERY_NODE),),\n", "").replace("steady_s=2", "steady_s=31")


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(folder, *options), check=False, cwd=folder, capture_output=True, text=True)


def verdict(folder: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((only_run(folder) / "verdict.json").read_text(encoding="utf-8"))
    return document


def test_a_milvus_that_runs_already_is_measured_and_left_as_it_was(cluster: LocalCluster, tmp_path: Path) -> None:
    before = cluster.pulse()
    scenario_file(tmp_path, NO_FAULT)
    done = run(tmp_path, f"--harness-endpoint={cluster.endpoint().address}")
    told = verdict(tmp_path)["verdict"]
    # Beside other work nothing may be said of Milvus; what matters here is what is left of the run.
    assert told == "PASS" or judged.main(["--run", str(only_run(tmp_path))]) == 0, done.stdout
    assert cluster.pulse() == before
    assert _collections(cluster) == []


def test_a_fault_is_skipped_with_the_reason_where_there_is_only_an_address(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    scenario_file(tmp_path)
    done = run(tmp_path, f"--harness-endpoint={cluster.endpoint().address}")
    # None ran at all: the run proves nothing.
    assert done.returncode == 3, done.stdout
    found = verdict(tmp_path)
    assert found["verdict"] == "INVALID"
    assert "its members are out of reach" in str(found["scenarios"])


def test_kept_after_a_failure_it_says_how_to_reach_it(clusters_of_their_own: Path, tmp_path: Path) -> None:
    before = look()
    scenario_file(tmp_path)
    done = run(tmp_path, "--harness-keep")
    assert done.returncode == 3, done.stdout
    names = home.names()
    kept = [name for name in names if name.startswith("short-")]
    assert kept
    for name in kept:
        cluster = registry.open_cluster(name)
        assert f"{name} stays up at {cluster.endpoint().address}" in done.stdout
        cluster.wait_ready(60)
        cluster.destroy()
    assert look().beyond(before) == ""


@pytest.mark.parametrize("option", ["--harness-plan", "--collect-only"])
def test_looking_starts_nothing(tmp_path: Path, option: str) -> None:
    before = look()
    scenario_file(tmp_path)
    run(tmp_path, option)
    assert look().beyond(before) == ""
    assert not (tmp_path / "reports").exists()


def _collections(cluster: LocalCluster) -> list[str]:
    from pymilvus import MilvusClient  # noqa: PLC0415 - slow to import, needed here alone

    client = MilvusClient(cluster.endpoint().uri)
    try:
        return list(client.list_collections())
    finally:
        client.close()
