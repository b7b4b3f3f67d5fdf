"""From `harness up` to a search over 10,000 rows with recall@10 of 0.9 or more: python -m benchmarks.first_search.

Warm cache, idle machine. Prints each run's parts and the median of the whole; ends with 1 where it is over 15 s.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from time import monotonic

from harness.cluster import ClusterSpec
from harness.load.collection import provision, recall_now
from harness.load.dataset import load_dataset, written_vectors
from harness.load.schedule import make_schedule
from harness.load.truth import exact_truth
from harness.plan.specs import DataSpec, TrafficSpec
from harness.platforms.local.platform import LocalPlatform

RUNS = 5
RECALL = 0.9
LIMIT_S = 15.0


def once(number: int) -> float:
    """Make a cluster, fill it, search it; return the seconds from nothing to a recall that counts."""
    spec = DataSpec()
    dataset, schedule = load_dataset(spec, number), make_schedule(TrafficSpec(), 20, spec.queries, number)
    with tempfile.TemporaryDirectory() as cache:
        inserts = written_vectors(spec, dataset, len(schedule.written_keys), number)
        truth = exact_truth(spec, dataset, schedule, inserts, Path(cache))
    begin_s = monotonic()
    cluster = LocalPlatform().create(ClusterSpec(f"bench-{number}"), keep=False)
    try:
        up_s = monotonic() - begin_s
        provision(cluster.endpoint(), spec, dataset)
        recall = recall_now(cluster.endpoint(), spec, dataset, truth)
        while recall < RECALL:
            recall = recall_now(cluster.endpoint(), spec, dataset, truth)
        all_s = monotonic() - begin_s
    finally:
        cluster.destroy()
    print(f"run {number}: up {up_s:.1f} s, recall {recall:.3f} after {all_s:.1f} s", flush=True)
    return all_s


def main() -> int:
    """Run the benchmark."""
    median_s = statistics.median(once(number) for number in range(1, RUNS + 1))
    print(f"median of {RUNS}: {median_s:.1f} s (limit {LIMIT_S:.0f} s)")
    return 0 if median_s <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
