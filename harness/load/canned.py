"""A server that answers searches and inserts of Milvus's service at once, always the same, and can hold them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import grpc
from pymilvus.grpc_gen import milvus_pb2, schema_pb2

from harness.cluster import Endpoint
from harness.history import Truth

_SERVICE = "milvus.proto.milvus.MilvusService"


class Canned:
    """`truth` is what a search finds: the neighbours of its only query. What arrives while it holds waits its turn."""

    def __init__(self, truth: Truth) -> None:
        self._answers = {"Search": _found(truth), "Insert": _inserted()}
        self._loop, self._gate = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server, self._port = self._do(self._serve())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._do(self._server.stop(None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens: a free port of 127.0.0.1."""
        return Endpoint("127.0.0.1", self._port)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold whatever arrives meanwhile."""
        self._loop.call_soon_threadsafe(self._gate.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._gate.set)

    def _do(self, task: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(task, self._loop).result()

    async def _serve(self) -> tuple[Any, int]:
        self._gate.set()
        server = grpc.aio.server()
        handlers = {name: grpc.unary_unary_rpc_method_handler(self._answering(name)) for name in self._answers}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    def _answering(self, method: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def answer(_request: bytes, _context: Any) -> bytes:
            await self._gate.wait()
            return self._answers[method]

        return answer


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
