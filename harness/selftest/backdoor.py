"""A real cluster behind proxies, and what a violation is planted with: from outside, unknown to checks and history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pymilvus.grpc_gen import milvus_pb2

from harness.cluster import Endpoint, Member, Role
from harness.errors import ClusterError
from harness.history import Result
from harness.kind import Kind
from harness.load.rows import CHECKSUM_FIELD, write_fields
from harness.load.rpc import Connection
from harness.selftest.control import ProxyProcess
from harness.selftest.lies import PassOn
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Cluster

_TIMEOUT_S = 10.0
T = TypeVar("T")


class Interposed:
    """Puts a proxy between clients and the cluster that was made last; neither knows."""

    cluster: Cluster
    direct: Endpoint
    proxy: ProxyProcess | None = None

    def reach(self, cluster: Cluster) -> Endpoint:
        """Start a proxy in front of a cluster, and return its address in the place of the cluster's own.

        Errors: ClusterError.
        """
        self.cluster, self.direct = cluster, cluster.endpoint()
        if self.direct.tls:
            raise ClusterError("the proxy speaks no TLS", where=self.direct.address, mend="take a way in without it")
        self.proxy = ProxyProcess(self.direct.address)
        return replace(self.direct, host="127.0.0.1", port=self.proxy.port)

    def close(self) -> None:
        """End the proxy."""
        if self.proxy:
            self.proxy.close()


@dataclass(frozen=True)
class Backdoor:
    """Where a violation is planted: the cluster, its collection, and what the run has recorded by now."""

    between: Interposed
    collection: str
    folder: ScenarioFolder

    @property
    def cluster(self) -> Cluster:
        """The cluster itself."""
        return self.between.cluster

    def able(self, verbs: type[T]) -> T:
        """Return the cluster as one that has these verbs. Errors: ClusterError."""
        if not isinstance(self.cluster, verbs):
            raise ClusterError(f"it has no {verbs.__name__}", where=self.cluster.name, mend="take another platform")
        return self.cluster

    def lie(self, *told: PassOn) -> None:
        """Have the proxy tell these lies from now on."""
        if self.between.proxy:
            self.between.proxy.tell(*told)

    def member(self, role: Role) -> Member:
        """Return the first member of a role."""
        return next(member for member in self.cluster.members() if member.role is role)

    def keys(self, kind: Kind, count: int) -> NDArray[np.int64]:
        """Return some keys that an acknowledged operation of a kind was the only write, or the last, of."""
        operations = self.folder.read_history(live=True).operations
        acked = operations.where((operations.outcome == Result.OK) & np.isin(operations.kind, (kind, Kind.DELETE)))
        keys = acked.key[acked.kind == kind]
        if kind != Kind.DELETE:
            keys = np.setdiff1d(keys, acked.key[acked.kind == Kind.DELETE])
        if len(keys) < count:
            raise ClusterError(f"only {len(keys)} of {count} keys", where=self.collection, mend="give it more time")
        taken: NDArray[np.int64] = keys[-count:]  # the traffic deletes the oldest first
        return taken

    def delete(self, expression: str) -> None:
        """Delete rows past the proxy."""
        request = milvus_pb2.DeleteRequest(collection_name=self.collection, expr=expression)
        self._call("Delete", request)

    def upsert(self, keys: NDArray[np.int64], version: int, *, damaged: bool = False) -> None:
        """Upsert rows past the proxy, with vectors of their own; damaged ones with checksums of others."""
        fields = write_fields(keys, np.full(len(keys), version), self._vectors(len(keys)))
        if damaged:
            next(f for f in fields if f.field_name == CHECKSUM_FIELD).scalars.long_data.data[:] = keys.tolist()
        request = milvus_pb2.UpsertRequest(collection_name=self.collection, fields_data=fields, num_rows=len(keys))
        self._call("Upsert", request)

    def insert(self, keys: NDArray[np.int64]) -> None:
        """Insert rows past the proxy, whether or not their keys are there."""
        fields = write_fields(keys, np.ones(len(keys), np.int64), self._vectors(len(keys)))
        request = milvus_pb2.InsertRequest(collection_name=self.collection, fields_data=fields, num_rows=len(keys))
        self._call("Insert", request)

    def drop_partition(self) -> None:
        """Drop the collection's last partition, past the proxy, with all that is in it in memory and store."""
        about = {"collection_name": self.collection}
        name = self._call("ShowPartitions", milvus_pb2.ShowPartitionsRequest(**about)).partition_names[-1]
        self._call("ReleasePartitions", milvus_pb2.ReleasePartitionsRequest(**about, partition_names=[name]))
        self._call("DropPartition", milvus_pb2.DropPartitionRequest(**about, partition_name=name))

    def _vectors(self, count: int) -> NDArray[np.float32]:
        dim = int(self.folder.record().data["dim"])
        return np.full((count, dim), 100.0, np.float32)  # far from every query: only data is violated

    def _call(self, method: str, request: object) -> Any:
        with Connection(self.between.direct) as connection:
            return connection.call(method, request, _TIMEOUT_S)


Plant = Callable[[Backdoor], None]
# By the phase at whose beginning it is planted.
Plants = Mapping[str, Plant]
