"""The traffic of a scenario: its data, its truth and its schedule, all of it fixed before the first operation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from harness.action import Offer
from harness.cluster import Endpoint
from harness.history import Readback
from harness.load import collection as collections
from harness.load.dataset import load_dataset, written_vectors
from harness.load.job import LoadJob
from harness.load.process import Load
from harness.load.schedule import Schedule, make_schedule, no_schedule
from harness.load.truth import exact_truth
from harness.load.wire import SearchShape
from harness.plan.plan import Plan
from harness.plan.specs import DataSpec, TrafficSpec
from harness.platforms.process import owner_mark
from harness.store.scenario_folder import ScenarioFolder


@dataclass(frozen=True)
class PreparedTraffic:
    """A filled collection and the load that is about to be sent to it; None where nobody sends any."""

    endpoint: Endpoint
    collection: str
    rows: int
    schedule: Schedule
    load: Load | None

    def serving(self) -> tuple[int, int]:
        """Return how many query nodes serve segments, and how many segments there are. Errors: ClusterError."""
        return collections.serving(self.endpoint, self.collection)

    def read_back(self) -> Readback:
        """Read every key with Strong consistency. Errors: ClusterError."""
        return collections.read_back(
            self.endpoint, rows=self.rows, inserted=self.schedule.inserted, collection=self.collection
        )


def collection_name(plan: Plan) -> str:
    """Return what a scenario's collection is called."""
    return f"harness_{plan.seed}"


def prepare_traffic(plan: Plan, folder: ScenarioFolder, endpoint: Endpoint) -> PreparedTraffic:
    """Draw the data, fill the collection and write down the schedule.

    Errors: BadInput for vectors that can't be read, ClusterError where the cluster does not take them.
    """
    spec, traffic = plan.scenario.data or DataSpec(), plan.scenario.traffic
    collection = collection_name(plan)
    dataset = load_dataset(spec, plan.seed)
    schedule = make_schedule(traffic, plan.traffic_s, spec.queries, plan.seed) if traffic else no_schedule()
    written = written_vectors(spec, dataset, len(schedule.written_keys), plan.seed)
    folder.write_truth(exact_truth(spec, dataset, schedule, written, platformdirs.user_cache_path("milvus-harness")))
    collections.provision(endpoint, spec, dataset, collection=collection, replicas=plan.replicas)
    shape = SearchShape(collection, spec.metric, spec.k, spec.search_params)
    load = None
    if traffic:
        job = LoadJob(endpoint, shape, schedule, dataset.queries, written, traffic.deadline_s, traffic.processes)
        load = Load(folder.path, job, owner=owner_mark())
    return PreparedTraffic(endpoint, collection, spec.rows, schedule, load)


def more_searches(beside: LoadJob, offer: Offer, folder: Path, seed: int) -> Load:
    """Return the load of more searches beside a job's, into a folder of its own; the seed fixes the schedule."""
    spec = TrafficSpec(
        search_rate=offer.search_rate,
        insert_rate=0,
        delete_rate=0,
        upsert_rate=0,
        read_rate=0,
        stock_rate=0,
        deadline_s=beside.deadline_s,
    )
    schedule = make_schedule(spec, offer.for_s, len(beside.queries), seed)
    written = beside.written[: len(schedule.written_keys)]
    folder.mkdir()
    return Load(folder, replace(beside, schedule=schedule, written=written, processes=1), owner=owner_mark())
