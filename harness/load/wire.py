"""Milvus's gRPC calls as bytes: requests built once and ahead of time, answers read after the clock was.

Stock pymilvus retries for minutes and its channels reconnect with gRPC's own backoff, which hides or stretches
an outage. Through these channels one call is one attempt, and a server that is back is looked for every 50 to
200 ms.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from harness.cluster import Endpoint
from harness.history import ABSENT, DAMAGED, Result
from harness.kind import SEARCHES, WRITES, Kind
from harness.load.answer import Answer
from harness.load.rows import FIELDS, KEY_FIELD, VECTOR_FIELD, floats, read_fields, write_fields

CONSISTENCY = ("Strong", "Session", "Bounded", "Eventually")
# Reconnects of a probe: outages of 3, 10, 30, 60 s were then seen as 3.6, 11.2, 30.7, 60.7 s; with gRPC's
# defaults as 4.7, 14.7, 39.2, 77.0 s.
CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.enable_retries", 0),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
)
METHODS: Mapping[Kind, str] = {
    kind: f"/milvus.proto.milvus.MilvusService/{name}"
    for kind, name in (
        (Kind.SEARCH, "Search"),
        (Kind.INSERT, "Insert"),
        (Kind.DELETE, "Delete"),
        (Kind.UPSERT, "Upsert"),
        (Kind.READ, "Query"),
    )
}
# The server refused before it did anything. Whatever else goes wrong with a write leaves its fate open.
_REFUSED_RPC = frozenset({"INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"})
# merr of Milvus 2.3: memory, disk and rate limits, write denied; no such collection, database or partition, not
# loaded; parameters; authentication.
_REFUSED_MILVUS = frozenset({3, 7, 8, 9, 100, 101, 200, 800, 1100, 1101, 1400, 1401})
_BOUNDED_TIMESTAMP = 2  # what stock clients send for Bounded; the server takes the level from its own field
_GUARANTEE = {"Strong": 0, "Session": 1, "Bounded": _BOUNDED_TIMESTAMP, "Eventually": 1}
_ERROR_CHARS = 120


Done = Callable[[bytes | Answer], None]  # is given an answer's bytes, unread, or what became of the call


@dataclass(frozen=True)
class SearchShape:
    """What every search of a run has in common. `consistency` is one of CONSISTENCY."""

    collection: str
    metric: str
    k: int
    params: Mapping[str, int]
    field: str = VECTOR_FIELD
    consistency: str = "Bounded"


def open_channel(endpoint: Endpoint) -> grpc.Channel:
    """Open a channel that reconnects fast and never retries; for TLS with the system's roots.

    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names another file of roots.
    """
    if endpoint.tls:
        return grpc.secure_channel(endpoint.address, grpc.ssl_channel_credentials(), CHANNEL_OPTIONS)
    return grpc.insecure_channel(endpoint.address, CHANNEL_OPTIONS)


def call_metadata(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    """Return the headers that authenticate a call: none without a token."""
    if not endpoint.token:
        return ()
    return (("authorization", base64.b64encode(endpoint.token.encode()).decode()),)


class RawCalls:
    """The calls of the traffic over one channel: bytes in, bytes out, one attempt each."""

    def __init__(self, channel: grpc.Channel, metadata: tuple[tuple[str, str], ...] = ()) -> None:
        self._calls = {kind: channel.unary_unary(method) for kind, method in METHODS.items()}
        self._metadata = metadata

    def send(self, kind: Kind, request: bytes, timeout_s: float) -> bytes | Answer:
        """Make a call; return the answer's bytes, unread, or what became of it where there was no answer."""
        try:
            answer: bytes = self._calls[kind](request, timeout=timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            return read_error(kind, error)
        return answer

    def start(self, kind: Kind, request: bytes, timeout_s: float, done: Done) -> None:
        """Make a call and return at once: `done` is given, by a thread of gRPC's, what `send` would return."""
        call = self._calls[kind].future(request, timeout=timeout_s, metadata=self._metadata)
        call.add_done_callback(lambda ended: done(_came_of(kind, ended)))


def _came_of(kind: Kind, ended: Any) -> bytes | Answer:
    if ended.code() is not grpc.StatusCode.OK:
        return read_error(kind, ended)
    answer: bytes = ended.result()
    return answer


def search_request(shape: SearchShape, vectors: NDArray[np.float32]) -> bytes:
    """Serialize a search for the k nearest of each of n vectors, shape (n, dim); of one, shape (dim,)."""
    values = [floats(vector) for vector in np.atleast_2d(vectors)]
    holder = common_pb2.PlaceholderValue(tag="$0", type=common_pb2.FloatVector, values=values)
    params = {
        "anns_field": shape.field,
        "topk": str(shape.k),
        "metric_type": shape.metric,
        "params": json.dumps(dict(shape.params)),
        "round_decimal": "-1",
    }
    request = milvus_pb2.SearchRequest(
        collection_name=shape.collection,
        placeholder_group=common_pb2.PlaceholderGroup(placeholders=[holder]).SerializeToString(),
        dsl_type=common_pb2.BoolExprV1,
        search_params=key_values(params),
        guarantee_timestamp=_GUARANTEE[shape.consistency],
        consistency_level=common_pb2.ConsistencyLevel.Value(shape.consistency),
        nq=len(values),
    )
    return _bytes(request)


def insert_request(
    collection: str, keys: NDArray[np.int64], vectors: NDArray[np.float32], partition: str = ""
) -> bytes:
    """Serialize an insert of rows with these keys and vectors of shape (n, dim), at version 1."""
    request = milvus_pb2.InsertRequest(
        base=common_pb2.MsgBase(msg_type=common_pb2.MsgType.Insert),
        collection_name=collection,
        partition_name=partition,
        fields_data=write_fields(keys, np.ones(len(keys), np.int64), vectors),
        num_rows=len(keys),
    )
    return _bytes(request)


def upsert_request(collection: str, key: int, version: int, vector: NDArray[np.float32]) -> bytes:
    """Serialize an upsert of one row, whose vector has shape (dim,)."""
    request = milvus_pb2.UpsertRequest(
        base=common_pb2.MsgBase(msg_type=common_pb2.MsgType.Upsert),
        collection_name=collection,
        fields_data=write_fields(np.array([key]), np.array([version]), vector[None]),
        num_rows=1,
    )
    return _bytes(request)


def delete_request(collection: str, keys: Sequence[int]) -> bytes:
    """Serialize a delete of rows by their keys, in whatever partition they are."""
    expression = f"{KEY_FIELD} in [{','.join(map(str, keys))}]"
    return _bytes(milvus_pb2.DeleteRequest(collection_name=collection, expr=expression))


def read_request(collection: str, key: int) -> bytes:
    """Serialize a read of a whole row by its key, with Strong consistency."""
    request = milvus_pb2.QueryRequest(
        collection_name=collection,
        expr=f"{KEY_FIELD} in [{key}]",
        output_fields=FIELDS,
        consistency_level=common_pb2.ConsistencyLevel.Strong,
    )
    return _bytes(request)


def read_answer(answer: bytes, kind: Kind, shape: SearchShape, rows: int) -> Answer:
    """Read the answer to any kind of operation; `rows` is how many a write covers."""
    try:
        if kind in SEARCHES:
            return read_searches(answer, shape.metric, 1)[0]
        return read_row(answer) if kind == Kind.READ else read_write(answer, kind, rows)
    except DecodeError:
        return read_failure(kind, "UNREADABLE", f"{len(answer)} bytes that are no answer of Milvus's")


def read_row(answer: bytes) -> Answer:
    """Read the answer to a read by key: several rows of one key are damaged, whatever they hold."""
    found = milvus_pb2.QueryResults.FromString(answer)
    error = status_error(found.status)
    if error is not None:
        return Answer(Result.FAIL, error)
    keys, versions = read_fields(found.fields_data)
    if len(keys) > 1:
        return Answer(Result.OK, hits=keys.tolist(), version=DAMAGED)
    return Answer(Result.OK, hits=keys.tolist(), version=int(versions[0]) if len(keys) else ABSENT)


def read_searches(answer: bytes, metric: str, queries: int) -> list[Answer]:
    """Read the answer to a search for several queries: one Answer each, the same error where all failed.

    An empty success is OK here, and so is one with more hits than were asked for: whether it is good, checks decide.
    """
    found = milvus_pb2.SearchResults.FromString(answer)
    error = status_error(found.status)
    if error is not None:
        return [Answer(Result.FAIL, error)] * queries
    hits, counts = list(found.results.ids.int_id.data), list(found.results.topks) or [0] * queries
    scores = list(found.results.scores) if metric == "L2" else [-score for score in found.results.scores]
    if not len(hits) == len(scores) == sum(counts) or len(counts) != queries:
        what = f"{len(hits)} ids and {len(scores)} scores for {queries} searches"
        return [Answer(Result.FAIL, what)] * queries
    # Not by numpy, to which a list of one is a detour.
    return [
        Answer(Result.OK, hits=hits[end - n : end], distances=scores[end - n : end])
        for n, end in zip(counts, accumulate(counts), strict=True)
    ]


def read_write(answer: bytes, kind: Kind, rows: int) -> Answer:
    """Read the answer to a write of this many rows."""
    result = milvus_pb2.MutationResult.FromString(answer)
    error = status_error(result.status)
    if error is not None:
        code = result.status.code or result.status.error_code
        return Answer(Result.FAIL if code in _REFUSED_MILVUS else Result.UNKNOWN, error)
    acknowledged = {Kind.INSERT: result.insert_cnt, Kind.UPSERT: result.upsert_cnt}.get(kind, rows)
    if acknowledged != rows:
        return Answer(Result.UNKNOWN, f"acknowledged {acknowledged} of {rows} rows")
    return Answer(Result.OK)


def read_error(kind: Kind, ended: Any) -> Answer:
    """Classify a call that gRPC ended with anything but OK: the error that it raised, or the call itself."""
    return read_failure(kind, ended.code().name, ended.details() or "")


def read_failure(kind: Kind, code: str, details: str) -> Answer:
    """Classify a gRPC failure by its code's name: a read has failed, a write may have been applied all the same."""
    refused = kind not in WRITES or code in _REFUSED_RPC
    return Answer(
        Result.FAIL if refused else Result.UNKNOWN,
        _short(f"{code}: {details}" if details else code),
    )


def status_error(status: Any) -> str | None:
    """Return a Milvus status as "code: reason", None where it is a success.

    2.3 fills both code (its own) and error_code (that of 2.2); either tells of an error.
    """
    code = status.code or status.error_code
    return _short(f"{code}: {status.reason}") if code else None


def key_values(pairs: Mapping[str, str]) -> list[Any]:
    """Return Milvus's key-value pairs."""
    return [common_pb2.KeyValuePair(key=key, value=value) for key, value in pairs.items()]


def _short(text: str) -> str:
    return " ".join(text.split())[:_ERROR_CHARS]


def _bytes(message: Any) -> bytes:
    serialized: bytes = message.SerializeToString()
    return serialized
