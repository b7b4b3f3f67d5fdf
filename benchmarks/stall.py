"""A stall of 2 s in a stream of 1,000 searches per second, 10 s long: python -m benchmarks.stall [--seed 1].

A canned server holds whatever arrives for 2 s. On an even schedule a p99 follows by arithmetic: the slowest
hundredth of 10 s are the searches of the stall's first 0.1 s, so it is 1.9 s. Printed: that, the harness's p99 from
intended starts, what Locust's own percentile makes of the same searches, and what it says of Locust users at the same
rate beside a server that does the same (closed loop: who waits sends nothing). Ends with 1 where ours is more than 5%
off.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic_ns

import numpy as np

from benchmarks.known_truth import DATA, SHAPE, prepare, wait_until
from harness.checks.latency import percentile_ns
from harness.history import NS_PER_MS, NS_PER_S, Operations
from harness.load.canned import Canned
from harness.load.dataset import load_dataset
from harness.load.operations import read_operations
from harness.load.process import Load
from harness.load.schedule import make_schedule
from harness.load.wire import search_request
from harness.plan.specs import TrafficSpec

RATE, STREAM_S, STALL_S, USERS = 1000, 10, 2.0, 20
TRAFFIC = TrafficSpec(
    search_rate=RATE, insert_rate=0, delete_rate=0, upsert_rate=0, read_rate=0, stock_rate=0, deadline_s=10
)


def open_loop(seed: int, folder: Path) -> tuple[float, float]:
    """Return the p99 of the harness's own load in s, from the intended start, and Locust's of the same in ms."""
    schedule = make_schedule(TRAFFIC, STREAM_S, DATA.queries, seed)
    truth, job_at = prepare(TRAFFIC, schedule, seed, folder)
    with Canned(truth) as server, Load(folder / "load", job_at(server.endpoint), owner="benchmark") as load:
        wait_until(load.t0_ns + 4 * NS_PER_S)
        stall(server)
        wait_until(load.t0_ns + (STREAM_S + 1) * NS_PER_S)
        deadline_ns = round(TRAFFIC.deadline_s * NS_PER_S)
        operations = read_operations(folder / "load", schedule, load.t0_ns, k=DATA.k, deadline_ns=deadline_ns)
    from_intended = percentile_ns(operations.done_ns - operations.intended_ns, 990)
    return (from_intended or 0) / NS_PER_S, locusts_p99_ms(operations, folder)


def locusts_p99_ms(operations: Operations, folder: Path) -> float:
    """Return what Locust would report of them: it counts from the sending, and rounds."""
    np.save(folder / "took_ms.npy", (operations.done_ns - operations.sent_ns) / NS_PER_MS)
    command = [sys.executable, "-m", "benchmarks.locust_percentile", str(folder / "took_ms.npy"), "99"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def closed_loop(seed: int, folder: Path) -> dict[str, float]:
    """Return what Locust makes of the same, with users who wait for their answers."""
    truth, _ = prepare(TRAFFIC, make_schedule(TRAFFIC, STREAM_S, DATA.queries, seed), seed, folder)
    with Canned(truth) as server:
        request = search_request(SHAPE, load_dataset(DATA, seed).queries[0])
        environment = {
            **os.environ,
            "CLOSED_LOOP_METHOD": "/milvus.proto.milvus.MilvusService/Search",
            "CLOSED_LOOP_REQUEST": base64.b64encode(request).decode(),
            "CLOSED_LOOP_RATE": str(RATE / USERS),
        }
        options = ["--headless", "--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{STREAM_S}s"]
        command = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("closed_loop.py"))]
        running = subprocess.Popen(
            [*command, *options, "--host", server.endpoint.address, "--reset-stats"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            wait_until(monotonic_ns() + 6 * NS_PER_S)  # its start takes one or two of them
            stall(server)
            told = running.communicate(timeout=60)[0]
        finally:
            running.kill()
    figures: dict[str, float] = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
    return figures


def stall(server: Canned) -> None:
    """Hold whatever arrives."""
    with server.holding():
        wait_until(monotonic_ns() + round(STALL_S * NS_PER_S))


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    seed = options.parse_args().seed
    arithmetic_s = STALL_S - STREAM_S / 100
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        ours_s, locusts_ms = open_loop(seed, Path(one))
        theirs = closed_loop(seed, Path(other))
    print(f"p99 by arithmetic {arithmetic_s * 1000:.0f} ms")
    print(f"p99 of the harness {ours_s * 1000:.0f} ms; Locust's own percentile of the same searches {locusts_ms:g} ms")
    print(
        f"p99 of Locust users {theirs['p99_ms']:g} ms, of {theirs['requests']} requests; slowest {theirs['max_ms']:.0f}"
    )
    return 0 if abs(ours_s / arithmetic_s - 1) <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
