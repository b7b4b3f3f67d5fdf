"""What a search costs the client: python -m benchmarks.client_cost [--rate 200] [--seconds 15] [--rounds 3].

A real cluster of local processes, searched at the same rate by the harness's own load, by a bare gRPC stub with the
same settings of gRPC, which sends serialized requests and leaves the answers as bytes, and by Locust's own Milvus user
(locust.contrib.milvus), one after another in each round. Printed: CPU of each client's process per search that Milvus
answered, start and end left out, as the median over the rounds, and its ratio to the stub. Ends with 1 where the
harness's own costs more than 1.4 times the stub, or more than half of Locust's user.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil

from harness.cluster import ClusterSpec, Endpoint, Role
from harness.load.collection import provision
from harness.load.dataset import Dataset, load_dataset, written_vectors
from harness.load.job import TUNED_GRPC, LoadJob
from harness.load.process import Load
from harness.load.schedule import make_schedule
from harness.load.wire import SearchShape, search_request
from harness.plan.specs import DataSpec, TrafficSpec
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.platform import LocalPlatform

DATA = DataSpec()
SHAPE = SearchShape("cost", DATA.metric, DATA.k, DATA.search_params)
SETTLE_S = 5.0
KEPT = 0.95  # of the rate
SLOWER = 0.7  # of the rate, for all three, where one can't keep it
LEAST_RATE = 10.0
USERS = 8  # of Locust's: each waits for its answers, so one alone may not keep the rate
MOST_OF_STUB, MOST_OF_CONTRIB = 1.4, 0.5
_SEARCHED = re.compile(r'^milvus_proxy_req_count\{function_name="Search",.*status="success"\} (\S+)$', re.MULTILINE)


class TooFast(Exception):
    """A client could not keep the rate, so its cost per search is not comparable."""


@dataclass(frozen=True)
class Stage:
    """What all clients are given."""

    endpoint: Endpoint
    metrics: str
    dataset: Dataset
    folder: Path
    rate: float
    seconds: float


def cost_us(pid: int, stage: Stage) -> float:
    """Return the CPU time of a client per search that was answered, in microseconds."""
    client, wait = psutil.Process(pid), threading.Event().wait
    wait(SETTLE_S)
    before, searched_before = client.cpu_times(), searched(stage.metrics)
    wait(stage.seconds)
    after, done = client.cpu_times(), searched(stage.metrics) - searched_before
    if done < KEPT * stage.rate * stage.seconds:
        raise TooFast(f"{done} searches in {stage.seconds:g} s")
    return (after.user + after.system - before.user - before.system) * 1e6 / done


def searched(metrics: str) -> int:
    """Return how many searches the proxy has answered, as it counts them itself."""
    with urllib.request.urlopen(metrics, timeout=10) as answer:  # noqa: S310 - ours, on this machine
        return sum(int(float(value)) for value in _SEARCHED.findall(answer.read().decode()))


def metrics_of(cluster: LocalCluster) -> str:
    """Return where the proxy shows its metrics."""
    (proxy,) = (state for state in cluster.folder.members() if state.role is Role.PROXY)
    return f"http://127.0.0.1:{proxy.ports['metrics']}/metrics"


def ours(stage: Stage) -> float:
    """The harness's own load, recording everything."""
    traffic = TrafficSpec(
        search_rate=stage.rate, insert_rate=0, delete_rate=0, upsert_rate=0, read_rate=0, stock_rate=0
    )
    schedule = make_schedule(traffic, SETTLE_S + stage.seconds + 5, DATA.queries, 1)
    written = written_vectors(DATA, stage.dataset, len(schedule.written_keys), 1)
    job = LoadJob(stage.endpoint, SHAPE, schedule, stage.dataset.queries, written, traffic.deadline_s)
    with tempfile.TemporaryDirectory() as folder, Load(Path(folder), job, owner="benchmark") as load:
        load.started()
        return cost_us(load.pids[0], stage)


def bare(stage: Stage) -> float:
    """A stub and serialized requests."""
    requests = stage.folder / "requests"
    serialized = [search_request(SHAPE, query) for query in stage.dataset.queries]
    requests.write_bytes(b"".join(len(one).to_bytes(4, "little") + one for one in serialized))
    command = [sys.executable, "-m", "benchmarks.bare_stub", stage.endpoint.address, str(requests), str(stage.rate)]
    with running(command, TUNED_GRPC) as pid:
        return cost_us(pid, stage)


def contrib(stage: Stage) -> float:
    """Locust's own Milvus user."""
    queries = stage.folder / "queries.npy"
    np.save(queries, stage.dataset.queries)
    file = Path(__file__).with_name("contrib_milvus.py")
    environment = {
        "CONTRIB_URI": stage.endpoint.uri,
        "CONTRIB_COLLECTION": SHAPE.collection,
        "CONTRIB_RATE": str(stage.rate / USERS),
        "CONTRIB_QUERIES": str(queries),
    }
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--users", str(USERS)]
    with running(command, environment) as pid:
        return cost_us(pid, stage)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """Run a client, and end it."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid
        assert process.poll() is None, f"{command[2]} ended by itself"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def kept(stage: Stage, rounds: int) -> dict[str, list[float]]:
    """Return each client's costs at the highest rate, from the stage's on down, that all of them keep."""
    while True:
        costs: dict[str, list[float]] = {"the harness": [], "a bare stub": [], "locust.contrib.milvus": []}
        try:
            for _ in range(rounds):
                for name, client in zip(costs, (ours, bare, contrib), strict=True):
                    costs[name].append(client(stage))
        except TooFast as why:
            if stage.rate * SLOWER < LEAST_RATE:
                raise
            print(f"{stage.rate:g}/s was not kept by {name} ({why}): all three again at {stage.rate * SLOWER:g}/s")
            stage = replace(stage, rate=stage.rate * SLOWER)
        else:
            print(f"at {stage.rate:g} searches a second:")
            return costs


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=float, default=200)
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    cluster, dataset = LocalPlatform().create(ClusterSpec("cost"), keep=False), load_dataset(DATA, 1)
    try:
        provision(cluster.endpoint(), DATA, dataset, collection=SHAPE.collection)
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(cluster.endpoint(), metrics_of(cluster), dataset, Path(folder), given.rate, given.seconds)
            costs = kept(stage, given.rounds)
    finally:
        cluster.destroy()
    median = {name: statistics.median(each) for name, each in costs.items()}
    for name, each in costs.items():
        all_us = ", ".join(f"{cost:.0f}" for cost in each)
        print(f"{name:>22}: {median[name]:.0f} us of CPU per search ({all_us})")
    of_stub = median["the harness"] / median["a bare stub"]
    of_contrib = median["the harness"] / median["locust.contrib.milvus"]
    print(f"the harness costs {of_stub:.2f} of a bare stub, {of_contrib:.2f} of locust.contrib.milvus")
    return 0 if of_stub <= MOST_OF_STUB and of_contrib <= MOST_OF_CONTRIB else 1


if __name__ == "__main__":
    sys.exit(main())
