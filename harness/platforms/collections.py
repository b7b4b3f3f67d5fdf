"""What the harness takes out of a Milvus of somebody else's once it is done."""

from __future__ import annotations

from contextlib import closing

import grpc
from pymilvus import MilvusClient, MilvusException

from harness.cluster import Endpoint
from harness.errors import ClusterError

_CALL_S = 30.0


def drop(endpoint: Endpoint, collection: str) -> None:
    """Remove a collection; nothing to do where there is none. Errors: ClusterError."""
    try:
        with closing(MilvusClient(endpoint.uri, token=endpoint.token, timeout=_CALL_S)) as client:
            if client.has_collection(collection, timeout=_CALL_S):
                client.drop_collection(collection, timeout=_CALL_S)
    except (MilvusException, grpc.RpcError) as error:
        told = (str(getattr(error, "message", "")) or type(error).__name__).splitlines()[0]
        raise ClusterError(f"can't remove {collection}: {told}", where=endpoint.address, mend="drop it there") from None
