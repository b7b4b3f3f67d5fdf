"""A Milvus cluster as every platform shows it: its roles, its members, where clients connect, what it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from harness.errors import BadInput
from harness.value import Count, Pairs, value


class Role(StrEnum):
    """What a member does. The names of Milvus's roles are the milvus-operator's pod labels."""

    PROXY = "proxy"
    COORDINATORS = "mixcoord"
    QUERY_NODE = "querynode"
    DATA_NODE = "datanode"
    INDEX_NODE = "indexnode"
    STREAMING_NODE = "streamingnode"
    ETCD = "etcd"
    OBJECT_STORE = "object-store"
    MESSAGE_QUEUE = "message-queue"

    @property
    def is_milvus(self) -> bool:
        """Whether a member of this role is Milvus itself and not a dependency."""
        return self not in DEPENDENCIES


def of_milvus(mend: str) -> AfterValidator:
    """Return what refuses a dependency in a field that holds a role, and says how to mend it."""

    def check(role: Role) -> Role:
        if not role.is_milvus:
            raise ValueError(mend)
        return role

    return AfterValidator(check)


DEPENDENCIES = (Role.ETCD, Role.OBJECT_STORE, Role.MESSAGE_QUEUE)
# Milvus's own order for a rolling upgrade (milvus-operator, mixCoord deployments).
UPGRADE_ORDER = (
    *(Role.INDEX_NODE, Role.COORDINATORS, Role.STREAMING_NODE, Role.QUERY_NODE, Role.DATA_NODE, Role.PROXY),
)
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


def version_of(milvus: str) -> tuple[int, ...]:
    """Return the numbers of a version or of an image's tag; none where it is no version."""
    found = _VERSION.match(milvus.rpartition("/")[2].rpartition(":")[2])
    return tuple(int(number) for number in found.groups() if number) if found else ()


def roll_order(running: str, to: str) -> tuple[Role, ...]:
    """Return the order in which members are rolled; back to an older version it is the opposite one."""
    return tuple(reversed(UPGRADE_ORDER)) if is_older(to, running) else UPGRADE_ORDER


def is_older(one: str, other: str) -> bool:
    """Whether a version is older than another. What is no version is neither older nor newer."""
    return bool(version_of(one) and version_of(other) and version_of(one) < version_of(other))


def roles_of(milvus: str) -> tuple[Role, ...]:
    """Return the roles of a Milvus version: index nodes until 2.5, streaming nodes from 2.6 on.

    What is no version, as the folder of a server or an odd tag, counts as below 2.6, as the operator does.
    """
    left_out = Role.INDEX_NODE if version_of(milvus) >= (2, 6) else Role.STREAMING_NODE
    return tuple(role for role in Role if role is not left_out)


class Health(StrEnum):
    """What the platform sees of a member."""

    READY = "ready"
    STARTING = "starting"
    PAUSED = "paused"
    DEAD = "dead"


@dataclass(frozen=True)
class Member:
    """One process or pod. `uid` changes with every new start, so a restart can be proven."""

    name: str
    role: Role
    health: Health
    uid: str
    version: str
    pid: int | None
    port: int
    rss_bytes: int
    uptime_s: float
    node: str = ""
    image: str = ""


@dataclass(frozen=True)
class Pulse:
    """What a watcher sees of a member many times a second: its uid, and whether it lives, stands or is dead."""

    uid: str
    health: Health


@dataclass(frozen=True)
class Endpoint:
    """Where clients connect. The token is a secret: it is left out of repr, reports and process lists.

    `way` is how it leads to Milvus, as reports say it; `reach` a command that leads there, where the address ends with
    the harness.
    """

    host: str
    port: int
    token: str = field(default="", repr=False)
    tls: bool = False
    way: str = ""
    reach: str = ""

    @property
    def address(self) -> str:
        """host:port, as gRPC wants it."""
        return f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """The address as pymilvus wants it."""
        return f"{'https' if self.tls else 'http'}://{self.address}"


@value
class Topology:
    """How many members of each role; what is not named has one."""

    counts: Annotated[Mapping[Role, Count], Pairs] = field(default_factory=lambda: {Role.QUERY_NODE: 2})

    def __post_init__(self) -> None:
        for role in self.counts.keys() & {*DEPENDENCIES, Role.COORDINATORS}:
            if self.counts[role] != 1:
                several = (one for one in Role if one.is_milvus and one is not Role.COORDINATORS)
                mend = f"only these can have several: {', '.join(several)}"
                raise BadInput(f"{role} is {self.counts[role]}", where="Topology.counts", mend=mend)

    def count(self, role: Role) -> int:
        """Return how many members of this role there are."""
        return self.counts.get(role, 1)


@dataclass(frozen=True)
class ClusterSpec:
    """A cluster to be made. `milvus` is a version or the folder of an unpacked server."""

    name: str
    milvus: str = "2.3.5"
    profile: str = "fast"
    settings: Mapping[str, str] = field(default_factory=dict)
    topology: Topology = field(default_factory=Topology)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that a cluster of this version has."""
        return roles_of(self.milvus)


@dataclass(frozen=True)
class Durations:
    """About how long things take on a platform: printed, and reckoned with when traffic is scheduled; never waited for.

    The defaults are what local processes take on an idle machine with a warm cache.
    """

    provision_s: float = 8.0
    load_s: float = 8.0
    restart_s: float = 2.0
    stop_s: float = 3.0
    queue_restart_s: float = 10.0  # Kafka needs that to come back from a SIGKILL
    scale_s: float = 5.0
    roll_s: float = 30.0
    remove_s: float = 1.0
