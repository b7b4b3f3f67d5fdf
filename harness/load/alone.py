"""The traffic of a load that the user started, not the harness: a job made from a few options."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymilvus.grpc_gen import milvus_pb2, schema_pb2

from harness.cluster import Endpoint
from harness.errors import BadInput
from harness.load.collection import DEFAULT_NAME, provision
from harness.load.dataset import load_dataset, written_vectors
from harness.load.job import LoadJob
from harness.load.rows import FIELDS, VECTOR_FIELD
from harness.load.rpc import Connection
from harness.load.schedule import make_schedule
from harness.load.wire import CONSISTENCY, SearchShape
from harness.plan.specs import METRICS, DataSpec, TrafficSpec

_TIMEOUT_S = 10.0
_PORT = 19_530  # Milvus's own
_INDEXES = ("IVF_FLAT", "HNSW", "FLAT")


@dataclass(frozen=True)
class Options:
    """What can be said on the command line. Rates are per second; None is our own traffic's rate, or no writes."""

    collection: str = DEFAULT_NAME
    seed: int = 0
    k: int = 10
    consistency: str = "Bounded"
    deadline_s: float = 1.0
    seconds: float = 60.0
    search_rate: float = 50.0
    insert_rate: float | None = None
    delete_rate: float | None = None

    def __post_init__(self) -> None:
        if self.consistency not in CONSISTENCY:
            mend = f"use one of {', '.join(CONSISTENCY)}"
            raise BadInput(f"unknown consistency {self.consistency!r}", where="--consistency", mend=mend)


HELP: Mapping[str, str] = {
    "collection": "collection to ask; where there is none it is made, with 10,000 seeded rows",
    "seed": "of the rows, the queries and the schedule",
    "k": "hits asked for by a search",
    "consistency": f"of the searches: one of {', '.join(CONSISTENCY)}",
    "deadline_s": "seconds after which a client gives up",
    "seconds": "length of the schedule; the run ends with it",
    "search_rate": "searches per second",
    "insert_rate": "written per second (default: 5 where the collection is made, else none)",
    "delete_rate": "deletes per second, at most --insert-rate (default: 1 where the collection is made, else none)",
}
TYPES: Mapping[str, type] = {
    "collection": str,
    "seed": int,
    "k": int,
    "consistency": str,
    "deadline_s": float,
    "seconds": float,
    "search_rate": float,
    "insert_rate": float,
    "delete_rate": float,
}


def parse_host(host: str, token: str) -> Endpoint:
    """Read Locust's --host: host, host:port, http://host:port, or https:// for TLS. Raises BadInput."""
    scheme, _, rest = host.rpartition("://")
    name, _, port = rest.rstrip("/").partition(":")
    if not name or scheme not in ("", "http", "https") or not (port or str(_PORT)).isdecimal():
        raise BadInput(f"{host!r} is no address", where="--host", mend="give one like 127.0.0.1:19530")
    return Endpoint(name, int(port or _PORT), token, tls=scheme == "https")


def job_alone(endpoint: Endpoint, options: Options) -> LoadJob:
    """Make a job for a collection: as it is, or made and filled where there is none. Raises HarnessError."""
    with Connection(endpoint) as connection:
        request = milvus_pb2.HasCollectionRequest(collection_name=options.collection)
        exists = connection.call("HasCollection", request, _TIMEOUT_S).value
        fresh = (DataSpec(k=options.k), VECTOR_FIELD, True)
        spec, field, writable = _described(connection, options) if exists else fresh
    traffic = traffic_alone(options, made=not exists)
    if (traffic.insert_rate or traffic.delete_rate) and not writable:
        mend = f"only collections with the fields {', '.join(FIELDS)} can be written to"
        raise BadInput("cannot be written to", where=f"collection {options.collection}", mend=mend)
    dataset = load_dataset(spec, options.seed)
    if not exists:
        logging.getLogger(__name__).info("making and filling collection %s", options.collection)
        provision(endpoint, spec, dataset, collection=options.collection)
    schedule = make_schedule(traffic, options.seconds, spec.queries, options.seed)
    written = written_vectors(spec, dataset, len(schedule.written_keys), options.seed)
    shape = SearchShape(options.collection, spec.metric, spec.k, spec.search_params, field, options.consistency)
    return LoadJob(endpoint, shape, schedule, dataset.queries, written, options.deadline_s)


def traffic_alone(options: Options, *, made: bool) -> TrafficSpec:
    """Return what is offered to a collection that was made for it, or that was there. Errors: BadInput."""
    ours = TrafficSpec()
    insert_rate = ours.insert_rate * made if options.insert_rate is None else options.insert_rate
    return TrafficSpec(
        search_rate=options.search_rate,
        insert_rate=insert_rate,
        delete_rate=min(ours.delete_rate * made, insert_rate) if options.delete_rate is None else options.delete_rate,
        upsert_rate=0,
        read_rate=0,
        stock_rate=0,
        deadline_s=options.deadline_s,
    )


def _described(connection: Connection, options: Options) -> tuple[DataSpec, str, bool]:
    """Return what to ask of an existing collection, its field of vectors, and whether it can be written to."""
    name = options.collection
    about = milvus_pb2.DescribeCollectionRequest(collection_name=name)
    fields = connection.call("DescribeCollection", about, _TIMEOUT_S).schema.fields
    vectors = [f for f in fields if f.data_type == schema_pb2.DataType.FloatVector]
    if len(vectors) != 1:
        what = f"has {len(vectors)} fields of float vectors"
        raise BadInput(what, where=f"collection {name}", mend="give a collection with one")
    dim = int(_pairs(vectors[0].type_params)["dim"])
    index, metric = _index_of(connection, name, vectors[0].name)
    # Only the queries are used: any rows of this shape will do.
    spec = DataSpec(rows=max(1000, options.k), dim=dim, metric=metric, index=index, k=options.k)
    ours = set(FIELDS)
    return spec, vectors[0].name, {f.name for f in fields} == ours


def _index_of(connection: Connection, name: str, field: str) -> tuple[str, str]:
    request = milvus_pb2.DescribeIndexRequest(collection_name=name, field_name=field)
    for found in connection.call("DescribeIndex", request, _TIMEOUT_S).index_descriptions:
        params = _pairs(found.params)
        index, metric = params.get("index_type", ""), params.get("metric_type", "")
        if found.field_name == field and metric in METRICS:
            # Other indexes are searched with their own defaults, as FLAT is: without parameters.
            return index if index in _INDEXES else "FLAT", metric
    raise BadInput("has no index this can search", where=f"collection {name}", mend=f"index {field} by {METRICS}")


def _pairs(pairs: Any) -> dict[str, str]:
    return {pair.key: pair.value for pair in pairs}
