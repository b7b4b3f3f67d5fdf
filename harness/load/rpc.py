"""Calls to Milvus with a deadline and an error that says what was refused; tried again only while it starts up."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc
from pymilvus.grpc_gen import milvus_pb2_grpc
from tenacity import RetryError, Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from harness.cluster import Endpoint
from harness.errors import ClusterError
from harness.kind import Kind
from harness.load.wire import RawCalls, call_metadata, open_channel, read_failure, status_error

POLL_S = 0.05  # ten times as often as pymilvus polls: most of a small collection's set-up is waiting
# Service not ready, unavailable, recovering, channel not available, node not found, lack, offline.
_PASSING = frozenset({1, 2, 106, 503, 901, 902, 903, 904, 905})
_PASSING_RPC = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})


class Passing(ClusterError):
    """The cluster cannot do it right now, and may in a moment."""


class Connection:
    """One channel to a cluster, for everything but traffic. A context manager; closed at its end."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._channel = open_channel(endpoint)
        self._metadata = call_metadata(endpoint)
        self._stub = milvus_pb2_grpc.MilvusServiceStub(self._channel)
        self.calls = RawCalls(self._channel, self._metadata)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._channel.close()

    def once(self, method: str, request: Any, timeout_s: float, *, patient: bool = False) -> Any:
        """Make one attempt at a call; raise ClusterError where it fails, Passing where it may succeed later.

        A patient one takes every failure for passing: Milvus 2.3 answers a read that finds no query node for a
        channel with the code of an unexpected error.
        """
        try:
            answer = getattr(self._stub, method)(request, timeout=timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            code = error.code().name
            failure = read_failure(Kind.SEARCH, code, error.details() or "")
            raise self._error(method, failure.error, patient or code in _PASSING_RPC) from error
        status = answer if hasattr(answer, "error_code") else answer.status
        said = status_error(status)
        if said is not None:
            raise self._error(method, said, patient or (status.code or status.error_code) in _PASSING)
        return answer

    def call(self, method: str, request: Any, timeout_s: float = 30.0, *, patient: bool = False) -> Any:
        """Make a call that may be repeated, until it succeeds or timeout_s has passed; raise ClusterError."""
        again = Retrying(
            stop=stop_after_delay(timeout_s),
            wait=wait_fixed(POLL_S),
            retry=retry_if_exception_type(Passing),
            reraise=True,
        )
        return again(self.once, method, request, timeout_s, patient=patient)

    def wait_until(self, what: str, reached: Callable[[], bool], timeout_s: float) -> None:
        """Poll until `reached` says so, taking what passes as "not yet"; raise ClusterError after timeout_s."""
        polls = Retrying(
            stop=stop_after_delay(timeout_s),
            wait=wait_fixed(POLL_S),
            retry=retry_if_exception_type(Passing) | retry_if_result(lambda yes: not yes),
        )
        try:
            polls(reached)
        except RetryError as error:
            last = error.last_attempt.exception()
            detail = f"; last answer: {last.what}" if isinstance(last, Passing) else ""
            mend = f"look into the members' logs{detail}"
            failed = f"{what} was not reached in {timeout_s:g} s"
            raise ClusterError(failed, where=self._endpoint.address, mend=mend) from error

    def _error(self, method: str, said: str, passing: bool) -> ClusterError:
        kind = Passing if passing else ClusterError
        return kind(f"{method} failed with {said}", where=self._endpoint.address, mend="look into the members' logs")
