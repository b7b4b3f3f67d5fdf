"""A collection filled with a dataset, in sealed and indexed segments, served; and its content read back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from harness.cluster import Endpoint
from harness.errors import ClusterError
from harness.history import Readback, Result, Truth
from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.dataset import Dataset
from harness.load.rows import CHECKSUM_FIELD, FIELDS, KEY_FIELD, VECTOR_FIELD, VERSION_FIELD, read_fields
from harness.load.rpc import Connection
from harness.load.schedule import FIRST_INSERT_KEY, FIRST_UPSERT_KEY
from harness.load.wire import (
    SearchShape,
    insert_request,
    key_values,
    read_searches,
    read_write,
    search_request,
)
from harness.plan.specs import DataSpec

DEFAULT_NAME = "harness"
RECALL_TOLERANCE = 1e-4  # relative: distances in float32 differ in their last digits by the order of additions
_INSERT_BYTES = 4 << 20  # per request: below the queue's usual limit on a message
SEARCH_BATCH = 200  # queries per request: answers come at the price of few round trips
READ_ROWS = 8192  # per query: half of the server's limit of 16,384
SEARCH_TIMEOUT_S = 5.0  # of the searches made here; traffic has a deadline of its own


def provision(
    endpoint: Endpoint,
    spec: DataSpec,
    dataset: Dataset,
    *,
    collection: str = DEFAULT_NAME,
    replicas: int = 1,
    timeout_s: float = 120.0,
) -> None:
    """Create, fill, flush, index and load a collection; return once searches are served by all of it.

    Rows have the fields pk (their index in the dataset), vector, version (1) and checksum. One shard, and a
    partition per segment: segments of different partitions are never compacted into one, so at least `spec.segments`
    sealed segments stay to be spread over the query nodes. A collection of that name is dropped first. timeout_s
    bounds every wait. Raises ClusterError.
    """
    with Connection(endpoint) as connection:
        connection.call("DropCollection", milvus_pb2.DropCollectionRequest(collection_name=collection), timeout_s)
        _create(connection, collection, spec, timeout_s)
        _insert(connection, collection, spec, dataset, timeout_s)
        _flush_and_index(connection, collection, spec, timeout_s)
        _load(connection, collection, replicas, timeout_s)
        _wait_served(connection, collection, spec, dataset, timeout_s)


def recall_now(
    endpoint: Endpoint, spec: DataSpec, dataset: Dataset, truth: Truth, *, collection: str = DEFAULT_NAME
) -> float:
    """Return recall@k over the dataset's queries, each asked once; a search that fails finds nothing.

    Recall is the mean share of hits no further than the exact k-th distance (relative tolerance 1e-4).
    """
    with Connection(endpoint) as connection:
        kth = truth.base_distances[:, truth.k - 1]
        limits = kth + np.abs(kth) * RECALL_TOLERANCE
        answers = _search_all(connection, collection, spec, dataset.queries)
        found = [np.count_nonzero(np.asarray(a)[: truth.k] <= limit) for a, limit in zip(answers, limits, strict=True)]
    return float(np.sum(found) / (truth.k * len(limits)))


def read_back(
    endpoint: Endpoint, *, rows: int, inserted: int, collection: str = DEFAULT_NAME, timeout_s: float = 60.0
) -> Readback:
    """Read every row with Strong consistency, and count(*).

    `rows` and `inserted` say where keys are dense, [0, rows) and from FIRST_UPSERT_KEY on: these are read in ranges
    no query can overflow. All other keys, which nobody wrote, are looked for as well (up to 8,192 of them). Of each
    row key and version are kept, and whether its checksum fits; its vector is not. Its time is that of its begin: a
    write that ended later was under way while it read. timeout_s bounds each query. Raises ClusterError.
    """
    begin_ns = time.monotonic_ns()
    with Connection(endpoint) as connection:
        parts = [_rows(connection, collection, keys, timeout_s) for keys in _ranges(rows, inserted)]
        count = _count(connection, collection, timeout_s)
    keys, versions = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(keys, kind="stable")
    return Readback(begin_ns, keys[order], versions[order], count)


def serving(endpoint: Endpoint, collection: str = DEFAULT_NAME, timeout_s: float = 10.0) -> tuple[int, int]:
    """Return how many query nodes serve sealed segments of a collection, and how many segments there are.

    Raises ClusterError.
    """
    with Connection(endpoint) as connection:
        request = milvus_pb2.GetQuerySegmentInfoRequest(collectionName=collection)
        segments = connection.call("GetQuerySegmentInfo", request, timeout_s).infos
    nodes = {node for segment in segments for node in (segment.nodeID, *segment.nodeIds) if node}
    return len(nodes), len({segment.segmentID for segment in segments})


def _create(connection: Connection, name: str, spec: DataSpec, timeout_s: float) -> None:
    data_type = schema_pb2.DataType
    dim = key_values({"dim": str(spec.dim)})
    fields = [
        schema_pb2.FieldSchema(name=KEY_FIELD, data_type=data_type.Int64, is_primary_key=True),
        schema_pb2.FieldSchema(name=VECTOR_FIELD, data_type=data_type.FloatVector, type_params=dim),
        schema_pb2.FieldSchema(name=VERSION_FIELD, data_type=data_type.Int64),
        schema_pb2.FieldSchema(name=CHECKSUM_FIELD, data_type=data_type.Int64),
    ]
    schema = schema_pb2.CollectionSchema(name=name, fields=fields).SerializeToString()
    request = milvus_pb2.CreateCollectionRequest(
        collection_name=name, schema=schema, shards_num=1, consistency_level=common_pb2.ConsistencyLevel.Bounded
    )
    connection.call("CreateCollection", request, timeout_s)
    for partition in _partitions(spec):
        wanted = milvus_pb2.CreatePartitionRequest(collection_name=name, partition_name=partition)
        connection.call("CreatePartition", wanted, timeout_s)


def _partitions(spec: DataSpec) -> list[str]:
    return [f"p{number}" for number in range(spec.segments)]


def _insert(connection: Connection, name: str, spec: DataSpec, dataset: Dataset, timeout_s: float) -> None:
    per_request = max(1, _INSERT_BYTES // (spec.dim * 4))
    for partition, keys in zip(_partitions(spec), np.array_split(np.arange(spec.rows), spec.segments), strict=True):
        for begin in range(0, len(keys), per_request):
            batch = keys[begin : begin + per_request]
            request = insert_request(name, batch, dataset.vectors[batch], partition)
            raw = connection.calls.send(Kind.INSERT, request, timeout_s)
            answer = raw if isinstance(raw, Answer) else read_write(raw, Kind.INSERT, len(batch))
            if answer.outcome != Result.OK:
                what = f"inserting {len(batch)} rows failed with {answer.error}"
                raise ClusterError(what, where=f"collection {name}", mend="look into the proxy's log")


def _flush_and_index(connection: Connection, name: str, spec: DataSpec, timeout_s: float) -> None:
    """Seal what was inserted and index it. Segments are indexed once flushed, so one wait covers both."""
    parameters = {
        "index_type": spec.index,
        "metric_type": spec.metric,
        "params": json.dumps(dict(spec.index_params)),
    }
    index = milvus_pb2.CreateIndexRequest(
        collection_name=name, field_name=VECTOR_FIELD, index_name=VECTOR_FIELD, extra_params=key_values(parameters)
    )
    connection.call("CreateIndex", index, timeout_s)
    connection.call("Flush", milvus_pb2.FlushRequest(collection_names=[name]), timeout_s)
    request = milvus_pb2.DescribeIndexRequest(collection_name=name, index_name=VECTOR_FIELD)

    def indexed() -> bool:
        found = connection.once("DescribeIndex", request, timeout_s).index_descriptions
        return bool(found) and found[0].state == common_pb2.Finished and found[0].indexed_rows >= spec.rows

    connection.wait_until(f"an index on {spec.rows} rows of {name}", indexed, timeout_s)


def _load(connection: Connection, name: str, replicas: int, timeout_s: float) -> None:
    load = milvus_pb2.LoadCollectionRequest(collection_name=name, replica_number=replicas)
    connection.call("LoadCollection", load, timeout_s)
    request = milvus_pb2.GetLoadingProgressRequest(collection_name=name)

    def loaded() -> bool:
        return bool(connection.once("GetLoadingProgress", request, timeout_s).progress >= 100)

    connection.wait_until(f"the load of {name} with {replicas} replicas", loaded, timeout_s)


def _wait_served(connection: Connection, name: str, spec: DataSpec, dataset: Dataset, timeout_s: float) -> None:
    wanted = min(spec.k, spec.rows)

    def served() -> bool:
        return all(len(found) == wanted for found in _search_all(connection, name, spec, dataset.queries[:10]))

    connection.wait_until(f"full answers from {name}", served, timeout_s)


def _search_all(
    connection: Connection, name: str, spec: DataSpec, queries: NDArray[np.float32]
) -> Iterator[list[float]]:
    """Yield the distances of each query's hits, all asked in one request; none where it failed."""
    shape = SearchShape(name, spec.metric, spec.k, spec.search_params)
    for begin in range(0, len(queries), SEARCH_BATCH):
        batch = queries[begin : begin + SEARCH_BATCH]
        raw = connection.calls.send(Kind.SEARCH, search_request(shape, batch), SEARCH_TIMEOUT_S)
        answers = [raw] * len(batch) if isinstance(raw, Answer) else read_searches(raw, spec.metric, len(batch))
        yield from (list(answer.distances) for answer in answers)


def _ranges(rows: int, inserted: int) -> Iterator[str]:
    """Cover all keys: the dense ranges in steps that a query can return whole, what lies outside them at once."""
    last = FIRST_INSERT_KEY + inserted
    for begin, end in ((0, rows), (FIRST_UPSERT_KEY, last)):
        for start in range(begin, end, READ_ROWS):
            yield f"({KEY_FIELD} >= {start} && {KEY_FIELD} < {min(start + READ_ROWS, end)})"
    between = f"({KEY_FIELD} >= {rows} && {KEY_FIELD} < {FIRST_UPSERT_KEY})"
    yield f"{KEY_FIELD} < 0 || {between} || {KEY_FIELD} >= {last}"


def _rows(
    connection: Connection, name: str, expression: str, timeout_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    request = _strong_query(name, FIELDS)
    request.expr = expression
    request.query_params.extend(key_values({"limit": str(READ_ROWS)}))
    keys, versions = read_fields(connection.call("Query", request, timeout_s, patient=True).fields_data)
    return keys, versions.astype(np.int32)


def _count(connection: Connection, name: str, timeout_s: float) -> int:
    answer = connection.call("Query", _strong_query(name, ("count(*)",)), timeout_s, patient=True)
    return int(answer.fields_data[0].scalars.long_data.data[0])


def _strong_query(name: str, output: Sequence[str]) -> milvus_pb2.QueryRequest:
    strong = common_pb2.ConsistencyLevel.Strong
    return milvus_pb2.QueryRequest(collection_name=name, output_fields=output, consistency_level=strong)
