"""A stall of 2 s in a stream of 1,000 searches per second, 10 s long: python -m benchmarks.stall [--seed 1].

A canned server holds whatever arrives for 2 s. On an even schedule a p99 follows by arithmetic: the slowest
hundredth of 10 s are the searches of the stall's first 0.1 s, so it is 1.9 s. Printed: that, the harness's p99 from
intended starts, its p99 had it counted from the sending, and the p99 of Locust users at the same rate (closed loop,
Locust's own percentiles) beside a server that does the same. Ends with 1 where ours is more than 5% off.
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

from benchmarks.canned import Canned, serving
from benchmarks.known_truth import DATA, SHAPE, prepare, wait_until
from harness.checks.latency import percentile_ns
from harness.history import NS_PER_S
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
    """Return the p99 of the harness's own load in s: from the intended start, and from the sending."""
    schedule = make_schedule(TRAFFIC, STREAM_S, DATA.queries, seed)
    truth, job_at = prepare(TRAFFIC, schedule, seed, folder)
    with serving(truth) as server, Load(folder / "load", job_at(server.endpoint), owner="benchmark") as load:
        wait_until(load.t0_ns + 4 * NS_PER_S)
        stall(server)
        wait_until(load.t0_ns + (STREAM_S + 1) * NS_PER_S)
        deadline_ns = round(TRAFFIC.deadline_s * NS_PER_S)
        operations = read_operations(folder / "load", schedule, load.t0_ns, k=DATA.k, deadline_ns=deadline_ns)
    from_intended = percentile_ns(operations.done_ns - operations.intended_ns, 990)
    from_sent = percentile_ns(operations.done_ns - operations.sent_ns, 990)
    return (from_intended or 0) / NS_PER_S, (from_sent or 0) / NS_PER_S


def closed_loop(seed: int, folder: Path) -> dict[str, float]:
    """Return what Locust makes of the same, with users who wait for their answers."""
    truth, _ = prepare(TRAFFIC, make_schedule(TRAFFIC, STREAM_S, DATA.queries, seed), seed, folder)
    with serving(truth) as server:
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
    server.hold(STALL_S, lambda for_s: wait_until(monotonic_ns() + round(for_s * NS_PER_S)))


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    seed = options.parse_args().seed
    arithmetic_s = STALL_S - STREAM_S / 100
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        ours_s, from_sent_s = open_loop(seed, Path(one))
        theirs = closed_loop(seed, Path(other))
    print(f"p99 by arithmetic {arithmetic_s * 1000:.0f} ms")
    print(f"p99 of the harness {ours_s * 1000:.0f} ms; counted from the sending it were {from_sent_s * 1000:.0f} ms")
    print(
        f"p99 of Locust {theirs['p99_ms']:g} ms, of {theirs['requests']} requests; its slowest {theirs['max_ms']:.0f}"
    )
    return 0 if abs(ours_s / arithmetic_s - 1) <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
