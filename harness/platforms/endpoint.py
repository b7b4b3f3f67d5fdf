"""A Milvus that already runs and belongs to somebody: traffic and checks, no faults, left as it was found."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from pymilvus import MilvusClient, MilvusException

from harness.cluster import ClusterSpec, Durations, Endpoint, Member, Pulse, Role
from harness.errors import ClusterError
from harness.platforms import collections

_TIMEOUT_S = 10.0


class EndpointCluster:
    """The verbs of harness.cluster.Cluster for an address; it is neither Breakable nor Changeable."""

    shared = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        """The address."""
        return self._endpoint.address

    def members(self) -> tuple[Member, ...]:
        """Return none: nothing is known of what runs behind an address."""
        return ()

    def pulse(self) -> dict[str, Pulse]:
        """Return none."""
        return {}

    def versions(self) -> dict[str, str]:
        """Return the version that the proxy behind the address reports. Errors: ClusterError."""
        try:
            with closing(MilvusClient(self._endpoint.uri, token=self._endpoint.token, timeout=_TIMEOUT_S)) as client:
                return {"proxy": str(client.get_server_version(timeout=_TIMEOUT_S))}
        except MilvusException as error:
            mend = "check the address, the token and --harness-tls"
            raise ClusterError(f"no Milvus answers: {error.message}", where=self.name, mend=mend) from None

    def endpoint(self) -> Endpoint:
        """Return the address."""
        return self._endpoint

    def wait_ready(self, timeout_s: float) -> None:
        """See that a Milvus answers there. Errors: ClusterError."""
        del timeout_s  # an address either answers at once or is not the user's Milvus
        self.versions()

    def logs(self, member: str) -> Path:
        """Refuse: logs are out of reach. Errors: ClusterError."""
        raise ClusterError(f"there is no log of {member}", where=self.name, mend="look on the machine it runs on")

    def log_files(self) -> dict[str, Path]:
        """Return none."""
        return {}

    def revive(self) -> tuple[str, ...]:
        """Return none: nothing here was started by the harness."""
        return ()

    @property
    def journal(self) -> Path:
        """Nowhere: nothing is done to it that would have to be undone."""
        return Path(os.devnull)

    def drop(self, collection: str) -> None:
        """Remove a collection of the harness's. Errors: ClusterError."""
        collections.drop(self._endpoint, collection)

    def destroy(self) -> None:
        """Leave it as it is."""


class EndpointPlatform:
    """The platform `endpoint`: a cluster is there already."""

    name = "endpoint"
    verbs: tuple[type, ...] = ()
    dependencies: tuple[Role, ...] = ()
    notice = ""
    durations = Durations(provision_s=1.0)

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def check(self, spec: ClusterSpec) -> None:
        """See that a Milvus answers. Errors: ClusterError."""
        del spec  # its version and settings are the owner's
        EndpointCluster(self._endpoint).wait_ready(_TIMEOUT_S)

    def intent(self, spec: ClusterSpec) -> tuple[str, ...]:
        """Say that nothing is made."""
        del spec
        return (f"use the Milvus at {self._endpoint.address}",)

    def create(self, spec: ClusterSpec, *, keep: bool) -> EndpointCluster:
        """Return the cluster behind the address. Errors: ClusterError."""
        del keep  # it stays in any case
        self.check(spec)
        return EndpointCluster(self._endpoint)

    def keep(self, name: str) -> None:
        """Leave it as it is."""

    def settings(self, spec: ClusterSpec) -> dict[str, str]:
        """Return none: they are the owner's."""
        del spec
        return {}

    def limits(self, profile: str) -> str:
        """Return the name of the shipped file of limits for a settings profile."""
        return profile

    def close(self) -> None:
        """Nothing is shared between clusters."""
