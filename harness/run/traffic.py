"""The traffic of a scenario: its data, its truth and its schedule, all of it fixed before the first operation."""

from __future__ import annotations

from dataclasses import dataclass

import platformdirs

from harness.cluster import Endpoint
from harness.history import Kind, Readback
from harness.load import collection as collections
from harness.load.dataset import insert_vectors, load_dataset
from harness.load.job import LoadJob
from harness.load.process import LoadProcess
from harness.load.schedule import Schedule, make_schedule
from harness.load.truth import exact_truth
from harness.load.wire import SearchShape
from harness.plan.plan import Plan
from harness.platforms.process import owner_mark
from harness.store.scenario_folder import ScenarioFolder


@dataclass(frozen=True)
class Traffic:
    """A filled collection and the load that is about to be sent to it."""

    endpoint: Endpoint
    collection: str
    rows: int
    schedule: Schedule
    process: LoadProcess

    def read_back(self) -> Readback:
        """Read every key with Strong consistency. Errors: ClusterError."""
        inserted = int(self.schedule.key_count[self.schedule.kind == Kind.INSERT].sum())
        return collections.read_back(self.endpoint, rows=self.rows, inserted=inserted, collection=self.collection)

    def drop(self) -> None:
        """Remove the collection. Errors: ClusterError."""
        collections.drop(self.endpoint, self.collection)


def prepare_traffic(plan: Plan, folder: ScenarioFolder, endpoint: Endpoint) -> Traffic:
    """Draw the data, fill the collection and write down the schedule.

    Errors: BadInput for vectors that can't be read, ClusterError where the cluster does not take them.
    """
    spec, traffic = plan.scenario.data, plan.scenario.traffic
    collection = f"harness_{plan.seed}"
    dataset = load_dataset(spec, plan.seed)
    schedule = make_schedule(traffic, plan.traffic_s, spec.queries, plan.seed)
    inserts = insert_vectors(spec, dataset, len(schedule.insert_keys), plan.seed)
    folder.write_truth(exact_truth(spec, dataset, schedule, inserts, platformdirs.user_cache_path("milvus-harness")))
    collections.provision(endpoint, spec, dataset, collection=collection, replicas=plan.replicas)
    shape = SearchShape(collection, spec.metric, spec.k, spec.search_params)
    job = LoadJob(endpoint, shape, schedule, dataset.queries, inserts, traffic.deadline_s)
    process = LoadProcess(folder.path, job, owner=owner_mark())
    return Traffic(endpoint, collection, spec.rows, schedule, process)
