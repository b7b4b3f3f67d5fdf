"""The proof that a Milvus serves: a row that was written is found."""

from __future__ import annotations

from contextlib import closing

import grpc
from pymilvus import DataType, MilvusClient, MilvusException

from harness.cluster import Endpoint
from harness.errors import ClusterError
from harness.platforms.waiting import until

COLLECTION = "harness_probe"
_CALL_S = 10.0
_POLL_S = 1.0
_DIM = 4


def wait_serves(endpoint: Endpoint, timeout_s: float) -> None:
    """Wait until a search finds what was just written. Errors: ClusterError with what Milvus said last."""
    said: list[str] = []

    def served() -> bool:
        try:
            _write_and_search(endpoint)
        except (MilvusException, grpc.RpcError) as error:
            said[:] = [(str(getattr(error, "message", "")) or type(error).__name__).splitlines()[0]]
            return False
        return True

    if not until(served, timeout_s, _POLL_S):
        told = said[0] if said else "nothing"
        raise ClusterError(
            f"no search worked within {timeout_s:.0f} s: {told}", where=endpoint.address, mend="see harness logs proxy"
        )


def _write_and_search(endpoint: Endpoint) -> None:
    with closing(MilvusClient(endpoint.uri, token=endpoint.token, timeout=_CALL_S)) as client:
        if client.has_collection(COLLECTION, timeout=_CALL_S):
            client.drop_collection(COLLECTION, timeout=_CALL_S)
        schema = client.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=_DIM)
        index = client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="L2")
        client.create_collection(COLLECTION, schema=schema, index_params=index, timeout=_CALL_S)
        client.insert(COLLECTION, [{"id": 1, "vector": [1.0] * _DIM}], timeout=_CALL_S)
        (hits,) = client.search(
            COLLECTION, [[1.0] * _DIM], limit=1, timeout=_CALL_S, consistency_level="Strong", output_fields=["id"]
        )
        client.drop_collection(COLLECTION, timeout=_CALL_S)
    if [hit["id"] for hit in hits] != [1]:
        raise MilvusException(message="a row that was written is not found")
