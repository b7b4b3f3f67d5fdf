"""The load process as the harness runs it, against a Milvus that misbehaves on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest

from harness.cluster import Endpoint
from harness.errors import BadInput, ClusterError
from harness.history import NS_PER_S, Operations, Result
from harness.kind import Kind
from harness.load import process
from harness.load.job import STOCK, LoadJob, client_variables, load_job, save_job, share, writers
from harness.load.operations import read_operations
from harness.load.process import Load, log_file
from harness.load.schedule import FIRST_INSERT_KEY, FIRST_UPSERT_KEY, make_schedule
from harness.load.wire import SearchShape
from harness.plan.specs import TrafficSpec
from harness.selftest.control import ProxyProcess
from tests.unit.fake_milvus import FakeMilvus, serving

_DEADLINE_S = 0.5
_DEADLINE_NS = NS_PER_S // 2
_OTHER_RATES = ("delete_rate", "upsert_rate", "read_rate", "stock_rate")


@pytest.fixture
def fake() -> Iterator[FakeMilvus]:
    with serving(FakeMilvus()) as running:
        yield running


def _job(endpoint: Endpoint, seconds: float, **rates: float) -> LoadJob:
    plain = {"search_rate": 50.0, "insert_rate": 10.0} | dict.fromkeys(_OTHER_RATES, 0.0)
    traffic = TrafficSpec(**(plain | rates))  # type: ignore[arg-type]
    schedule = make_schedule(traffic, seconds, 4, 1)
    vectors = np.arange(4 * (4 + len(schedule.written_keys)), dtype=np.float32).reshape(-1, 4)
    shape = SearchShape("things", "L2", 3, {"nprobe": 1})
    return LoadJob(endpoint, shape, schedule, vectors[:4], vectors[4:], _DEADLINE_S)


def _wait(reached: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline_s, "not reached in time"
        threading.Event().wait(0.02)


def _read(folder: Path, job: LoadJob, load: Load) -> Operations:
    return read_operations(folder, job.schedule, load.t0_ns, k=job.shape.k, deadline_ns=_DEADLINE_NS)


def test_a_schedule_is_kept_to_its_end(fake: FakeMilvus, tmp_path: Path) -> None:
    job = _job(fake.endpoint, 2)
    with Load(tmp_path, job, owner="tag-7") as load:
        arguments, environment = psutil.Process(load.pids[0]).cmdline(), psutil.Process(load.pids[0]).environ()
        load.started()
        _wait(lambda: bool(load.ended))
        progress = load.progress()
    assert not any("secret" in argument for argument in arguments)
    assert environment["MILVUS_HARNESS_OWNER"] == "tag-7"
    assert all("secret" not in path.read_text(errors="replace") for path in tmp_path.iterdir())
    assert fake.tokens == {"cm9vdDpzZWNyZXQ="}
    read = _read(tmp_path, job, load)
    assert (read.outcome == Result.OK).all()
    assert (progress.done, progress.errors) == (len(job.schedule), 0)
    assert (read.sent_ns >= read.intended_ns).all()
    assert (read.done_ns > read.sent_ns).all()
    assert (read.hits[read.kind == Kind.SEARCH] == [3, 1, 2]).all()
    inserted = {request.fields_data[0].scalars.long_data.data[0]: request for request in fake.inserts}
    assert sorted(inserted) == list(range(FIRST_INSERT_KEY, FIRST_INSERT_KEY + job.schedule.inserted))
    for key, request in inserted.items():
        sent = request.fields_data[3].vectors.float_vector.data
        assert list(sent) == job.written[key - FIRST_UPSERT_KEY].tolist()


def test_a_stall_delays_nothing_that_follows(fake: FakeMilvus, tmp_path: Path) -> None:
    began = threading.Event()

    def stall(kind: str, _: grpc.ServicerContext) -> None:
        if not began.is_set():
            began.set()
            stalled.wait(timeout=5)  # the first call never gets its answer in time

    stalled = threading.Event()
    fake.before = stall
    job = _job(fake.endpoint, 2, insert_rate=0.0)
    with Load(tmp_path, job, owner="x") as load:
        _wait(lambda: bool(load.ended))
    stalled.set()
    read = _read(tmp_path, job, load)
    assert np.count_nonzero(read.outcome == Result.FAIL) == 1
    (slow,) = read.error[read.outcome == Result.FAIL]
    assert slow.startswith("DEADLINE_EXCEEDED")
    assert np.median(read.sent_ns - read.intended_ns) < 0.1 * NS_PER_S
    during = read.between(int(read.intended_ns[0]), int(read.intended_ns[0] + _DEADLINE_S * NS_PER_S))
    assert np.count_nonzero(during.outcome == Result.OK) == len(during) - 1


def test_what_a_dying_server_leaves_open(fake: FakeMilvus, tmp_path: Path) -> None:
    fake.before = lambda _, context: context.abort(grpc.StatusCode.UNAVAILABLE, "going")
    job = _job(fake.endpoint, 1)
    with Load(tmp_path, job, owner="x") as load:
        _wait(lambda: bool(load.ended))
        progress = load.progress()
    read = _read(tmp_path, job, load)
    assert (read.outcome[read.kind == Kind.SEARCH] == Result.FAIL).all()
    assert (read.outcome[read.kind == Kind.INSERT] == Result.UNKNOWN).all()
    assert progress.errors == len(read)


def test_a_cluster_that_is_not_there_is_measured_all_the_same(fake: FakeMilvus, tmp_path: Path) -> None:
    nowhere = replace(fake.endpoint, port=1)
    job = _job(nowhere, 1)
    with Load(tmp_path, job, owner="x") as load:
        _wait(lambda: bool(load.ended), timeout_s=30)
    assert not np.isin(_read(tmp_path, job, load).outcome, (Result.OK, Result.NEVER_SENT)).any()


def test_a_port_that_is_open_again_is_found(fake: FakeMilvus, tmp_path: Path) -> None:
    with ProxyProcess(fake.endpoint.address) as proxy:
        job = _job(replace(fake.endpoint, port=proxy.port), 6, insert_rate=0.0)
        with Load(tmp_path, job, owner="x") as load:
            load.started()
            _wait(lambda: load.progress().done > 20)
            shut_ns = proxy.shut()
            _wait(lambda: load.progress().errors > 50)
            opened_ns = proxy.open()
            _wait(lambda: bool(load.ended))
    read = _read(tmp_path, job, load)
    good_ns = read.done_ns[read.outcome == Result.OK]
    assert not ((shut_ns + NS_PER_S // 10 < good_ns) & (good_ns < opened_ns)).any()
    # It tries again every 50 to 200 ms. gRPC without its event engine, unless told to look, is some 4 s late.
    assert (good_ns[good_ns > opened_ns].min() - opened_ns) < NS_PER_S


def test_what_grpc_is_told_pymilvus_as_it_comes_is_not() -> None:
    tuned, stock = client_variables("0"), client_variables(STOCK)
    assert {name for name in tuned if name.startswith("GRPC_")}
    assert tuned.items() >= stock.items()
    assert not any(name.startswith("GRPC_") for name in stock)


def test_stopped_midway_it_records_what_is_in_flight(fake: FakeMilvus, tmp_path: Path) -> None:
    released = threading.Event()
    job = _job(fake.endpoint, 60)
    with Load(tmp_path, job, owner="x") as load:
        load.started()
        held_ns = time.monotonic_ns()
        fake.before = lambda *_: (released.wait(timeout=5), None)[1]
        threading.Event().wait(0.2)
        until_ns = time.monotonic_ns()
        load.stop()
        assert load.ended
        load.stop()
    released.set()
    read = read_operations(tmp_path, job.schedule, load.t0_ns, k=3, deadline_ns=_DEADLINE_NS, until_ns=until_ns)
    assert not (read.outcome == Result.NEVER_SENT).any()
    waiting = read.where(read.outcome != Result.OK)
    assert len(waiting) >= 5
    # What the server had answered before it held still is not among them.
    assert (waiting.intended_ns > held_ns - _DEADLINE_S * NS_PER_S).all()
    assert (waiting.outcome[waiting.kind == Kind.INSERT] == Result.UNKNOWN).all()


def test_a_killed_load_leaves_its_writes_open(fake: FakeMilvus, tmp_path: Path) -> None:
    job = _job(fake.endpoint, 4)
    with Load(tmp_path, job, owner="x") as load:
        load.started()
        os.killpg(load.pids[0], signal.SIGKILL)
    read = _read(tmp_path, job, load)
    assert (read.outcome == Result.OK).any()
    rest = read.where(read.outcome != Result.OK)
    np.testing.assert_array_equal(rest.outcome == Result.UNKNOWN, rest.kind == Kind.INSERT)


_HARNESS = """
import sys
from pathlib import Path
from harness.load.job import load_job
from harness.load.process import Load
load = Load(Path(sys.argv[1]) / "run", load_job(Path(sys.argv[1])), owner="x")
load.start()
print(load.pids[0], flush=True)
sys.stdin.read()
"""


def test_it_ends_when_the_harness_is_killed(fake: FakeMilvus, tmp_path: Path) -> None:
    save_job(tmp_path, _job(fake.endpoint, 60))
    with subprocess.Popen(
        [sys.executable, "-c", _HARNESS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as harness:
        assert harness.stdout is not None
        pid = int(harness.stdout.readline())
        assert psutil.pid_exists(pid)
        harness.kill()
    _wait(lambda: not psutil.pid_exists(pid), timeout_s=10)


def test_why_it_did_not_start_is_said(fake: FakeMilvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "harness.load.process._command", lambda _: [sys.executable, "-c", "raise SystemExit('no luck')"]
    )
    load = Load(tmp_path, _job(fake.endpoint, 1), owner="x")
    with pytest.raises(ClusterError, match="no luck") as caught:
        load.start()
    assert str(tmp_path / log_file("0")) in str(caught.value)
    load.stop()


@pytest.mark.parametrize("apart_s", [1000, 1, -1])
def test_another_clock_is_refused(
    fake: FakeMilvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart_s: int
) -> None:
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    elsewhere = ["unshare", *as_root, "--time", f"--monotonic={apart_s}", "--"]
    made = subprocess.run([*elsewhere, "true"], check=False, capture_output=True, text=True)
    if made.returncode:
        assert not os.environ.get("CI"), f"no time namespace can be made here: {made.stderr}"
        pytest.skip("no time namespace can be made here: it takes root, or a kernel that lets users have them")
    monkeypatch.setattr(process, "_command", lambda job, made=process._command: [*elsewhere, *made(job)])
    load = Load(tmp_path, _job(fake.endpoint, 1), owner="x")
    with pytest.raises(ClusterError, match=r"has another clock: [+-]\d+\.\d+ s .*one time namespace"):
        load.start()
    assert not any(psutil.pid_exists(pid) for pid in load.pids)


def test_several_processes_share_a_schedule_and_its_clock(fake: FakeMilvus, tmp_path: Path) -> None:
    job = replace(_job(fake.endpoint, 2, upsert_rate=5, read_rate=5), processes=3, deadline_s=10.0)
    with Load(tmp_path, job, owner="x") as load:
        _wait(lambda: bool(load.ended))
        assert len(set(load.pids)) == 3
    read = _read(tmp_path, job, load)
    assert (read.outcome == Result.OK).all()
    assert (read.version[read.kind == Kind.READ] == 1).all()
    sizes = [len(share(job.schedule, writer, 3)) for writer in writers(job.schedule, 3)]
    assert (sum(sizes), max(sizes) - min(sizes) <= 1) == (len(job.schedule), True)
    assert len(list(tmp_path.glob("operations-*.arrow"))) == 3


def test_stock_searches_are_one_processs_own() -> None:
    schedule = make_schedule(TrafficSpec(), 5, 4, 1)
    assert writers(schedule, 2) == ("0", "1", "stock")
    stock = share(schedule, "stock", 2)
    assert (schedule.kind[stock] == Kind.STOCK).all()
    assert sorted([*stock, *share(schedule, "0", 2), *share(schedule, "1", 2)]) == list(range(len(schedule)))


def test_a_job_survives_its_folder_without_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = _job(Endpoint("db.example", 19530, "root:secret", tls=True), 1)
    save_job(tmp_path, job)
    monkeypatch.delenv("MILVUS_HARNESS_TOKEN", raising=False)
    read = load_job(tmp_path)
    assert (read.endpoint, read.shape) == (Endpoint("db.example", 19530, "", tls=True), job.shape)
    monkeypatch.setenv("MILVUS_HARNESS_TOKEN", "root:secret")
    assert load_job(tmp_path).endpoint.token == job.endpoint.token


def test_a_folder_without_a_job(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no job for the load"):
        load_job(tmp_path)
