"""A token stays where it was given: in no text, file, page or list of processes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from harness.cluster import Endpoint
from harness.errors import BadInput
from harness.load.job import LoadJob, load_job, save_job
from harness.load.process import Load, _command
from harness.load.schedule import make_schedule
from harness.load.wire import SearchShape
from harness.plan.plan import make_plan
from harness.plan.scenario import Scenario
from harness.plan.specs import TrafficSpec
from harness.platforms import endpoint as endpoints
from harness.platforms.endpoint import EndpointPlatform
from harness.run import execute
from harness.run.options import RunOptions
from harness.run.progress import PlainProgress
from harness.run.scenario_run import Wanted, run_scenario
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord
from tests.unit.inner_pytest import SCENARIOS, Run

pytest_plugins = ["pytester"]

TOKEN = "root:Zy9-tell-nobody"  # noqa: S105 - a secret that opens nothing
ENDPOINT = Endpoint("127.0.0.1", 1, token=TOKEN)


def texts_below(folder: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found
    return found


def job() -> LoadJob:
    schedule = make_schedule(TrafficSpec(), 1.0, 2, seed=1)
    vectors = np.zeros((len(schedule.written_keys), 4), np.float32)
    return LoadJob(
        ENDPOINT, SearchShape("c", "L2", 10, {"nprobe": 1}), schedule, np.zeros((2, 4), np.float32), vectors, 1.0
    )


def test_no_text_of_an_endpoint_holds_it() -> None:
    shown = [repr(ENDPOINT), str(ENDPOINT), f"{ENDPOINT}", ENDPOINT.uri, ENDPOINT.address]
    shown += [repr(RunOptions(endpoint=ENDPOINT)), repr(job())]
    assert not any("Zy9" in text for text in shown)
    assert dataclasses.replace(ENDPOINT, port=2).token == TOKEN


def test_the_load_gets_it_by_its_environment_and_not_by_files_or_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_job(tmp_path, job())
    assert (tmp_path / "load.json").exists()
    assert not any(b"Zy9" in content for content in texts_below(tmp_path).values())
    assert not any("Zy9" in argument for argument in _command(job()))
    assert "Zy9" not in repr(Load(tmp_path, job(), owner="me"))
    monkeypatch.setenv("MILVUS_HARNESS_TOKEN", TOKEN)
    assert load_job(tmp_path).endpoint == ENDPOINT


def test_a_scenarios_folder_does_not_hold_it_even_where_the_scenario_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answers:
        def __init__(self, uri: str, *, token: str, timeout: float) -> None:
            assert (uri, token) == ("http://127.0.0.1:1", TOKEN)
            assert timeout > 0

        def get_server_version(self, timeout: float) -> str:
            assert timeout > 0
            return "2.3.5"

        def close(self) -> None:
            """Nothing is open."""

    def refuse(*_: object) -> None:
        raise BadInput("no collection can be made", where=repr(ENDPOINT), mend="nothing")

    monkeypatch.setattr(endpoints, "MilvusClient", Answers)
    said: list[str] = []
    run = RunFolder.create(tmp_path, RunRecord("all", 1, "2025-03-14T09:26:53+00:00", "pytest", "endpoint"))
    plan = make_plan(Scenario("no-fault", "Nothing"), profile="fast", replicas=1, seed=1)
    monkeypatch.setattr(execute, "prepare_traffic", refuse)
    wanted = Wanted(plan, "no-fault", "pytest test_x.py")
    judged = run_scenario(
        wanted, RunOptions(endpoint=ENDPOINT), EndpointPlatform(ENDPOINT), run, PlainProgress(said.append)
    )
    assert judged.aborted
    assert json.loads((run.path / "scenarios/no-fault/scenario.json").read_text(encoding="utf-8"))["aborted"]
    assert not any(b"Zy9" in content for content in texts_below(run.path).values())
    assert not any("Zy9" in text for text in [*said, repr(judged)])


@pytest.mark.parametrize("by", ["file", "variable"])
def test_a_run_leaves_it_nowhere(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str
) -> None:
    pytester.makepyfile(SCENARIOS)
    arguments = ["-k", "two", "--harness-endpoint=127.0.0.1:1"]
    if by == "file":
        (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="ascii")
        arguments.append(f"--harness-token-file={tmp_path / 'token'}")
    else:
        monkeypatch.setenv("HARNESS_TOKEN", TOKEN)
    result = run(*arguments)
    result.assert_outcomes(skipped=1, deselected=1)
    assert not any(b"Zy9" in content for content in texts_below(pytester.path / "reports").values())
    assert "Zy9" not in "\n".join([*result.outlines, *result.errlines])


def test_no_option_takes_it_so_that_no_list_of_processes_shows_it(run: Run) -> None:
    lines = [line for line in run("--help").outlines if "--harness-" in line and "token" in line.lower()]
    assert len(lines) == 1
    assert "--harness-token-file=FILE" in lines[0]
