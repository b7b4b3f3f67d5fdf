"""Outages of known length, and what is measured of them: python -m benchmarks.known_truth [--times 20] [--seed 1].

A proxy in front of a canned server denies every call, or closes its port, for 3, 10 and 30 s, each so many times at
a random phase of the schedule, five at a time. Printed: how far the measured recovery is from the truth, the run's
send lag, and what Milvus's own chaos checker (the time from its first to its last failure) makes of the same calls.
Then an outage that never ends, and two in one run. Ends with 1 where a denied outage is measured more than 50 ms
plus the run's own send lag from the truth, a never-ending one is finite, or two are taken for one.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns

import numpy as np

from harness.checks.latency import percentile_ns
from harness.checks.thresholds import Thresholds
from harness.cluster import Endpoint
from harness.history import NS_PER_S, Event, EventKind, History, Offered, Operations, Result, Truth
from harness.load.canned import Canned
from harness.load.dataset import load_dataset, written_vectors
from harness.load.job import LoadJob
from harness.load.operations import read_operations
from harness.load.process import Load
from harness.load.schedule import Schedule, make_schedule
from harness.load.truth import exact_truth
from harness.load.wire import SearchShape
from harness.plan.specs import DataSpec, TrafficSpec
from harness.selftest.control import ProxyProcess
from harness.selftest.lies import Deny, PassOn
from harness.slo.judge import judge
from harness.slo.limits import Limits

LENGTHS_S = (3.0, 10.0, 30.0)
TOLERANCE_MS = 50.0
STEADY_S, WINDOW_S, SLACK_S, AT_ONCE = 10.0, 10.0, 10.0, 5
DATA = DataSpec(rows=10, dim=4, queries=1, clusters=1, segments=1, index="FLAT")
SHAPE = SearchShape("known", DATA.metric, DATA.k, DATA.search_params)
# A search and an insert each 20 ms: what a moment of recovery is resolved to.
TRAFFIC = TrafficSpec(search_rate=50, insert_rate=50, delete_rate=0, upsert_rate=0, read_rate=0, stock_rate=0)
DEADLINE_NS = round(TRAFFIC.deadline_s * NS_PER_S)
THRESHOLDS = Thresholds(window_s=WINDOW_S, steady_s=STEADY_S)


@dataclass(frozen=True)
class Trial:
    """What is done: seconds of calls denied, of calls passed, and so on; infinite where it lasts to the end."""

    seed: int
    stretches_s: tuple[float, ...]
    closes: bool = False

    @property
    def traffic_s(self) -> float:
        """How long traffic is sent."""
        finite = sum(s for s in self.stretches_s if math.isfinite(s))
        return STEADY_S + 1 + finite + WINDOW_S + SLACK_S


@dataclass(frozen=True)
class Measured:
    """What came of a trial, in s: the truth, and what was measured of it."""

    truth_s: float
    recover_s: float
    write_recover_s: float
    longest_outage_s: float
    down_s: float
    send_lag_s: float
    first_to_last_failure_s: float

    @property
    def off_s(self) -> float:
        """How far the worse of both measured recoveries is from the truth."""
        return max((self.recover_s - self.truth_s, self.write_recover_s - self.truth_s), key=abs)


def run(trial: Trial, folder: Path) -> tuple[Operations, list[int], Truth]:
    """Send traffic through a proxy while it goes through the stretches; return when each began and the last ended."""
    schedule = make_schedule(TRAFFIC, trial.traffic_s, DATA.queries, trial.seed)
    truth, job_at = prepare(TRAFFIC, schedule, trial.seed, folder)
    with Canned(truth) as server, ProxyProcess(server.endpoint.address) as proxy:
        job = job_at(Endpoint("127.0.0.1", proxy.port))
        with Load(folder / "load", job, owner="benchmark") as load:
            wait_until(load.t0_ns + round((STEADY_S + np.random.default_rng(trial.seed).random()) * NS_PER_S))
            moments = list(stretches(trial, proxy))
            wait_until(load.t0_ns + round(trial.traffic_s * NS_PER_S))
        operations = read_operations(folder / "load", schedule, load.t0_ns, k=DATA.k, deadline_ns=DEADLINE_NS)
        return operations, moments, truth


def prepare(
    traffic: TrafficSpec, schedule: Schedule, seed: int, folder: Path
) -> tuple[Truth, Callable[[Endpoint], LoadJob]]:
    """Return the exact truth of a small collection, and what makes a load of an endpoint."""
    dataset = load_dataset(DATA, seed)
    # Far from the query: the canned answer stays the exact one.
    written = written_vectors(DATA, dataset, len(schedule.written_keys), seed) + np.float32(1000)
    truth = exact_truth(DATA, dataset, schedule, written, folder / "cache")
    (folder / "load").mkdir()
    return truth, lambda endpoint: LoadJob(endpoint, SHAPE, schedule, dataset.queries, written, traffic.deadline_s)


def stretches(trial: Trial, proxy: ProxyProcess) -> Iterator[int]:
    """Have the proxy deny, pass, deny; yield the moments."""
    for number, length_s in enumerate(trial.stretches_s):
        began_ns = turn(proxy, trial, off=number % 2 == 0)
        yield began_ns
        if math.isinf(length_s):
            return
        wait_until(began_ns + round(length_s * NS_PER_S))
    yield turn(proxy, trial, off=False)


def turn(proxy: ProxyProcess, trial: Trial, *, off: bool) -> int:
    """Deny or pass from now on; return since when."""
    if trial.closes:
        return proxy.shut() if off else proxy.open()
    return proxy.tell(Deny() if off else PassOn())


def wait_until(t_ns: int) -> None:
    """Wait for a moment on CLOCK_MONOTONIC."""
    threading.Event().wait(max(0, t_ns - monotonic_ns()) / NS_PER_S)


def measure(trial: Trial, operations: Operations, moments: Sequence[int], truth: Truth) -> Measured:
    """Judge what was recorded, told when the fault began and nothing of when it ended."""
    begin_ns = int(operations.intended_ns[0])
    end_ns = begin_ns + round(trial.traffic_s * NS_PER_S)
    events = (
        Event(begin_ns, EventKind.PHASE, "steady", "begin"),
        *(Event(moments[0], EventKind.FAULT, "deny", what) for what in ("inject", "effect", "healed")),
        Event(moments[0], EventKind.PHASE, "steady", "end"),
        Event(end_ns, EventKind.PHASE, "observe", "end"),
    )
    traffic = Offered(TRAFFIC.rates, 1, DATA.k, DEADLINE_NS)
    history = History(operations, events, truth, (), traffic, complete=True)
    figures = {row.figure: row.value for row in judge(history, Limits(), THRESHOLDS).slos}
    lost = math.isinf(trial.stretches_s[-1])
    return Measured(
        truth_s=math.inf if lost else (moments[-1] - moments[0]) / NS_PER_S,
        recover_s=figures["recover_s"],
        write_recover_s=figures["write_recover_s"],
        longest_outage_s=figures["longest_outage_s"],
        down_s=figures["down_s"],
        send_lag_s=send_lag_s(operations),
        first_to_last_failure_s=first_to_last_failure_s(operations),
    )


def send_lag_s(operations: Operations) -> float:
    """Return by how much calls were sent late: all but a thousandth by less."""
    sent = operations.sent_ns >= 0
    return (percentile_ns((operations.sent_ns - operations.intended_ns)[sent], 999) or 0) / NS_PER_S


def first_to_last_failure_s(operations: Operations) -> float:
    """What Milvus's checker.py reports as time to recover: from the first to the last failed request, 0 for one."""
    failed = operations.intended_ns[operations.outcome != Result.OK]
    return float(np.ptp(failed)) / NS_PER_S if len(failed) else 0.0


def carry_out(trials: Sequence[Trial]) -> list[Measured]:
    """Run some trials at a time; judge them once all are over, so that judging disturbs none."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        places = [Path(folder) / str(number) for number in range(len(trials))]
        for place in places:
            place.mkdir()
        found = list(pool.map(run, trials, places))
    return [measure(trial, *one) for trial, one in zip(trials, found, strict=True)]


def show(name: str, found: Sequence[Measured]) -> None:
    """Print a line for outages of one kind."""
    off_ms = [one.off_s * 1000 for one in found]
    lag_ms = max(one.send_lag_s for one in found) * 1000
    theirs = statistics.median(one.first_to_last_failure_s for one in found)
    print(
        f"{name:>16}: n={len(found)}, off by {min(off_ms):+.0f} to {max(off_ms):+.0f} ms "
        f"(median {statistics.median(off_ms):+.0f}), send lag up to {lag_ms:.0f} ms, "
        f"first to last failure {theirs:.2f} s",
        flush=True,
    )


def exact(found: Sequence[Measured]) -> bool:
    """Whether each is within the tolerance."""
    return all(abs(one.off_s) <= TOLERANCE_MS / 1000 + one.send_lag_s for one in found)


def odd_ones(seed: int) -> bool:
    """Run an outage that never ends, and two in one run; return whether each is what it is."""
    never, two = carry_out([Trial(seed, (math.inf,)), Trial(seed, (2.0, 4.0, 2.0))])
    print(f"     never ending: {never.recover_s} s; first to last failure {never.first_to_last_failure_s:.1f} s")
    print(
        f"         2 s twice: down {two.down_s:.0f} s, longest {two.longest_outage_s:.0f} s, recovered after "
        f"{two.recover_s:.2f} of {two.truth_s:.2f} s; first to last failure {two.first_to_last_failure_s:.1f} s"
    )
    # One outage of them both would be as long as all seconds without service.
    apart = two.longest_outage_s < two.down_s
    return math.isinf(never.recover_s) and two.longest_outage_s <= 3 and apart and exact([two])


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    seeds = range(given.seed, given.seed + given.times)
    good = True
    for closes in (False, True):
        for length_s in LENGTHS_S:
            found = carry_out([Trial(seed, (length_s,), closes) for seed in seeds])
            show(f"{length_s:g} s {'closed' if closes else 'denied'}", found)
            good &= closes or exact(found)
    good &= odd_ones(given.seed)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
