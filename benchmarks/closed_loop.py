"""A Locust file as people write them: closed-loop users, each waiting for its answer, and Locust's own percentiles.

It sends what it is told by the environment (CLOSED_LOOP_METHOD, CLOSED_LOOP_REQUEST in base64, CLOSED_LOOP_RATE per
user and second) and prints its figures as one line of JSON at its end.
"""

from __future__ import annotations

import base64
import json
import os
from time import perf_counter
from typing import Any

import grpc
import grpc.experimental.gevent
from locust import User, constant_throughput, events, task

grpc.experimental.gevent.init_gevent()


class ClosedLoop(User):  # type: ignore[misc] # Locust ships no types
    """Calls one method again and again."""

    wait_time = constant_throughput(float(os.environ["CLOSED_LOOP_RATE"]))

    def on_start(self) -> None:
        """Open a channel."""
        self.channel = grpc.insecure_channel(self.host)
        self.call = self.channel.unary_unary(os.environ["CLOSED_LOOP_METHOD"])
        self.request = base64.b64decode(os.environ["CLOSED_LOOP_REQUEST"])

    def on_stop(self) -> None:
        """Close it."""
        self.channel.close()

    @task  # type: ignore[untyped-decorator] # as above
    def search(self) -> None:
        """Call, and tell Locust how long it took."""
        begin_s = perf_counter()
        answer = self.call(self.request)
        took_ms = (perf_counter() - begin_s) * 1000
        events.request.fire(
            request_type="grpc", name="search", response_time=took_ms, response_length=len(answer), exception=None
        )


@events.quitting.add_listener  # type: ignore[untyped-decorator] # as above
def tell(environment: Any, **_: Any) -> None:
    """Print what Locust makes of it."""
    total = environment.stats.total
    figures = {f"p{percent}_ms": total.get_response_time_percentile(percent / 100) for percent in (50, 95, 99)}
    print(json.dumps({"requests": total.num_requests, "max_ms": total.max_response_time, **figures}), flush=True)
