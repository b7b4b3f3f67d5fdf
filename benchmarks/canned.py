"""A server that answers searches and inserts of Milvus's service at once, always the same, and can hold them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Any

import grpc
from pymilvus.grpc_gen import milvus_pb2, schema_pb2

from harness.cluster import Endpoint
from harness.history import Truth

_THREADS = 64  # held calls each take one


@dataclass
class Canned(grpc.GenericRpcHandler):  # type: ignore[misc] # gRPC ships no types
    """`truth` is what a search finds: the neighbours of its only query. What is held waits for `gate`."""

    truth: Truth
    port: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self._answers = {"Search": _found(self.truth), "Insert": _inserted()}

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        return Endpoint("127.0.0.1", self.port)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return what answers a method."""
        answer = self._answers[details.method.rpartition("/")[2]]

        def serve(_request: bytes, _context: grpc.ServicerContext) -> bytes:
            self.gate.wait()
            return answer

        return grpc.unary_unary_rpc_method_handler(serve)

    def hold(self, for_s: float, wait: Callable[[float], Any]) -> tuple[int, int]:
        """Hold whatever arrives for a time; return from when to when, on CLOCK_MONOTONIC."""
        self.gate.clear()
        begin_ns = monotonic_ns()
        wait(for_s)
        end_ns = monotonic_ns()
        self.gate.set()
        return begin_ns, end_ns


@contextmanager
def serving(truth: Truth) -> Iterator[Canned]:
    """Serve on a free port of 127.0.0.1."""
    canned = Canned(truth)
    server = grpc.server(ThreadPoolExecutor(_THREADS))
    server.add_generic_rpc_handlers((canned,))
    canned.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield canned
    finally:
        canned.gate.set()
        server.stop(None).wait()


def _found(truth: Truth) -> bytes:
    hits, k = truth.base_ids[0, : truth.k].tolist(), truth.k
    data = schema_pb2.SearchResultData(
        num_queries=1,
        top_k=k,
        topks=[k],
        scores=truth.base_distances[0, :k].tolist(),
        ids=schema_pb2.IDs(int_id=schema_pb2.LongArray(data=hits)),
    )
    serialized: bytes = milvus_pb2.SearchResults(results=data).SerializeToString()
    return serialized


def _inserted() -> bytes:
    serialized: bytes = milvus_pb2.MutationResult(insert_cnt=1, succ_index=[0]).SerializeToString()
    return serialized
