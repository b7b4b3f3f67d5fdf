"""A Locust file with Locust's own Milvus user, as its documentation has it, for benchmarks/client_cost.py.

CONTRIB_URI, CONTRIB_COLLECTION, CONTRIB_RATE (per second and user) and CONTRIB_QUERIES (a .npy of shape (q, dim)).
"""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from locust import task
from locust.contrib.milvus import MilvusUser


class Contrib(MilvusUser):  # type: ignore[misc] # Locust ships no types
    """Searches at a rate."""

    def __init__(self, environment: Any) -> None:
        uri, collection = os.environ["CONTRIB_URI"], os.environ["CONTRIB_COLLECTION"]
        super().__init__(environment, uri=uri, collection_name=collection)
        self.queries = np.load(os.environ["CONTRIB_QUERIES"]).tolist()
        self.interval_s = 1 / float(os.environ["CONTRIB_RATE"])
        self.sent, self.due_s = 0, time.monotonic()

    def wait_time(self) -> float:
        """Return the seconds until the next search is due: Locust's constant_throughput falls behind by each sleep."""
        self.due_s += self.interval_s
        return max(0.0, self.due_s - time.monotonic())

    @task  # type: ignore[untyped-decorator] # as above
    def ask(self) -> None:
        """Search once."""
        self.sent += 1
        query = self.queries[self.sent % len(self.queries)]
        # Unless told otherwise it asks for a field "id", which the collection does not have.
        self.search(
            [query], "vector", 10, search_params={"metric_type": "L2", "params": {"nprobe": 10}}, output_fields=[]
        )
