"""A Milvus that answers the calls of the traffic by recipe, over real gRPC on a free port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc, schema_pb2

from harness.cluster import Endpoint


def found(ids: list[int], scores: list[float]) -> milvus_pb2.SearchResults:
    return milvus_pb2.SearchResults(
        results=schema_pb2.SearchResultData(
            num_queries=1,
            top_k=len(ids),
            topks=[len(ids)],
            scores=scores,
            ids=schema_pb2.IDs(int_id=schema_pb2.LongArray(data=ids)),
        )
    )


def refused(code: int, reason: str) -> common_pb2.Status:
    return common_pb2.Status(code=code, error_code=common_pb2.UnexpectedError, reason=reason)


@dataclass
class FakeMilvus(milvus_pb2_grpc.MilvusServiceServicer):  # type: ignore[misc] # gRPC ships no types
    """`before` runs ahead of every answer: it may wait, or abort the call. What arrived is kept."""

    port: int = 0
    before: Callable[[str, grpc.ServicerContext], None] = lambda *_: None
    hits: list[int] = field(default_factory=lambda: [3, 1, 2])
    scores: list[float] = field(default_factory=lambda: [0.5, 1.5, 2.5])
    write_status: common_pb2.Status = field(default_factory=common_pb2.Status)
    inserts: list[milvus_pb2.InsertRequest] = field(default_factory=list)
    deletes: list[milvus_pb2.DeleteRequest] = field(default_factory=list)
    upserted: dict[int, milvus_pb2.UpsertRequest] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port, token="root:secret")  # noqa: S106 - nobody's

    def Search(self, _: object, context: grpc.ServicerContext) -> milvus_pb2.SearchResults:  # noqa: N802 - gRPC's name
        self._arrived("search", context)
        return found(self.hits, self.scores)

    def Insert(self, request: milvus_pb2.InsertRequest, context: grpc.ServicerContext) -> milvus_pb2.MutationResult:  # noqa: N802
        self._arrived("insert", context)
        with self.lock:
            self.inserts.append(request)
        return milvus_pb2.MutationResult(status=self.write_status, insert_cnt=request.num_rows)

    def Delete(self, request: milvus_pb2.DeleteRequest, context: grpc.ServicerContext) -> milvus_pb2.MutationResult:  # noqa: N802
        self._arrived("delete", context)
        with self.lock:
            self.deletes.append(request)
        return milvus_pb2.MutationResult(status=self.write_status)

    def Upsert(self, request: milvus_pb2.UpsertRequest, context: grpc.ServicerContext) -> milvus_pb2.MutationResult:  # noqa: N802
        self._arrived("upsert", context)
        with self.lock:
            self.upserted[request.fields_data[0].scalars.long_data.data[0]] = request
        return milvus_pb2.MutationResult(status=self.write_status, upsert_cnt=request.num_rows)

    def Query(self, request: milvus_pb2.QueryRequest, context: grpc.ServicerContext) -> milvus_pb2.QueryResults:  # noqa: N802
        self._arrived("query", context)
        with self.lock:
            upsert = self.upserted.get(int(request.expr.strip("pk in[]")))
        return milvus_pb2.QueryResults(fields_data=upsert.fields_data if upsert else [])

    def _arrived(self, kind: str, context: grpc.ServicerContext) -> None:
        with self.lock:
            self.tokens.add(str(dict(context.invocation_metadata()).get("authorization", "")))
        self.before(kind, context)


@contextmanager
def serving(fake: FakeMilvus) -> Iterator[FakeMilvus]:
    """Serve it with enough threads that a stall of some calls holds up no other."""
    server = grpc.server(ThreadPoolExecutor(max_workers=200))
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(fake, server)
    fake.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield fake
    finally:
        server.stop(grace=None).wait(timeout=5)
