"""The client that applications have: pymilvus as it comes."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock, Thread

import grpc
from pymilvus import MilvusClient, MilvusException

from harness.history import Result
from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.job import LoadJob
from harness.load.wire import Done, read_error

_ERROR_CHARS = 120


class StockCalls:
    """Searches through pymilvus's own client with nothing set: its channel, its retries, no deadline."""

    def __init__(self, job: LoadJob) -> None:
        self._job, self._client = job, None
        self._connecting = Lock()
        with suppress(MilvusException):  # what is not there yet may be there when it is asked
            self._connected()

    def _connected(self) -> MilvusClient:
        """Return the client, as an application would have it: connected once, and kept."""
        endpoint = self._job.endpoint
        with self._connecting:
            if self._client is None:
                self._client = MilvusClient(endpoint.uri, token=endpoint.token)
            return self._client

    def request(self, index: int) -> list[list[float]]:
        """Return an operation's query."""
        return [self._job.queries[int(self._job.schedule.query[index])].tolist()]

    def start(self, kind: Kind, request: list[list[float]], done: Done) -> None:
        """Search, and do not wait for it."""
        Thread(target=lambda: done(self.send(kind, request)), daemon=True).start()

    def send(self, kind: Kind, request: list[list[float]]) -> Answer:
        """Search, as often as the client sees fit."""
        shape = self._job.shape
        params = {"metric_type": shape.metric, "params": dict(shape.params)}
        try:
            found = self._connected().search(
                shape.collection, request, limit=shape.k, search_params=params, anns_field=shape.field
            )[0]
        except MilvusException as error:
            return Answer(Result.FAIL, f"{error.code}: {error.message}"[:_ERROR_CHARS])
        except grpc.RpcError as error:  # what it doesn't retry comes as it is
            return read_error(kind, error)
        sign = 1 if shape.metric == "L2" else -1
        return Answer(Result.OK, hits=[hit["id"] for hit in found], distances=[sign * hit["distance"] for hit in found])

    def close(self) -> None:
        """Close the client."""
        if self._client is not None:
            self._client.close()
