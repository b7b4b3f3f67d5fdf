"""A Milvus cluster as every platform shows it: roles, members, and the verbs that can be done to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable


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


@dataclass(frozen=True)
class Topology:
    """How many members of each role; what is not named has one."""

    counts: Mapping[Role, int] = field(default_factory=lambda: {Role.QUERY_NODE: 2})

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


# Told a member's name and what becomes of it: "leaving" just before it is asked to end, "ready" once it serves.
OnMember = Callable[[str, str], None]


class Cluster(Protocol):
    """The verbs every platform has. Each returns once its effect has been observed, or raises ClusterError."""

    @property
    def name(self) -> str:
        """The cluster's name, unique on its platform."""
        ...

    @property
    def shared(self) -> bool:
        """Whether it belongs to somebody else, so that it must be left as it was found."""
        ...

    def members(self) -> tuple[Member, ...]:
        """Return all members, by role and number, dead ones included."""
        ...

    def pulse(self) -> Mapping[str, Pulse]:
        """Return, cheaply and by the member's name, who lives."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Return the version that each living Milvus member reports itself, by the member's name."""
        ...

    def endpoint(self) -> Endpoint:
        """Return where clients connect."""
        ...

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until every member is ready by its own report."""
        ...

    def logs(self, member: str) -> Path:
        """Return the file that holds the member's log."""
        ...

    def log_files(self) -> Mapping[str, Path]:
        """Return every log there is, by the name of its member, members that have left included."""
        ...

    def revive(self) -> tuple[str, ...]:
        """Start again, as a supervisor would, every member that ended though nobody told it to; return their names."""
        ...

    @property
    def journal(self) -> Path:
        """The file that holds the undo of what is being done to the cluster."""
        ...

    def destroy(self) -> None:
        """End every member and remove all that the cluster left."""
        ...


@runtime_checkable
class Breakable(Protocol):
    """A cluster whose members can be hurt and mended."""

    def kill(self, member: str) -> None:
        """End a member at once (SIGKILL); it stays dead until started."""
        ...

    def terminate(self, member: str) -> None:
        """Ask a member to end (SIGTERM) and wait until it has."""
        ...

    def pause(self, member: str) -> None:
        """Stop a member without ending it (SIGSTOP)."""
        ...

    def resume(self, member: str) -> None:
        """Let a paused member go on; start it where it ended itself meanwhile."""
        ...

    def start(self, member: str) -> None:
        """Start a dead member again and wait until it is ready; nothing to do where it lives."""
        ...


@runtime_checkable
class Scalable(Protocol):
    """A cluster whose roles can have more or fewer members while it serves."""

    def scale(self, role: Role, count: int, on_member: OnMember) -> None:
        """Make the role have `count` members; those too many leave gracefully."""
        ...


@runtime_checkable
class Changeable(Scalable, Protocol):
    """A cluster whose version and settings can be changed while it serves, too."""

    def upgrade(self, milvus: str, on_member: OnMember) -> None:
        """Roll every Milvus member to a version, in Milvus's own order; to an older one in the opposite order."""
        ...

    def configure(self, settings: Mapping[str, str], on_member: OnMember) -> None:
        """Change settings, restart member by member, and read the settings back from every one."""
        ...

    def setting(self, member: str, key: str) -> str | None:
        """Return a setting in force as the member itself reports it; None where it can't tell."""
        ...


@runtime_checkable
class Contained(Protocol):
    """A cluster whose members run in containers that somebody starts again in place."""

    def kill_container(self, member: str) -> None:
        """SIGKILL a member's program and leave the rest to what supervises it."""
        ...


@runtime_checkable
class OnNodes(Protocol):
    """A cluster whose members lie on nodes and can be moved from one to another."""

    def cordon(self, node: str) -> None:
        """Keep new members from a node."""
        ...

    def uncordon(self, node: str) -> None:
        """Let new members onto a node again."""
        ...

    def drain(self, node: str, on_member: OnMember) -> None:
        """Cordon a node and have the Milvus members on it leave gracefully."""
        ...


@runtime_checkable
class NodePower(Protocol):
    """A cluster whose nodes can be switched off."""

    def nodes(self) -> tuple[str, ...]:
        """Return the nodes that may be stopped."""
        ...

    def stop_node(self, node: str) -> None:
        """Stop a node at once, with all that runs on it."""
        ...

    def start_node(self, node: str) -> None:
        """Start a node again and wait until it is ready."""
        ...


@runtime_checkable
class Isolable(Protocol):
    """A cluster with a packet filter between its members."""

    def isolate(self, one: Role, other: Role) -> None:
        """Let no packet pass between two roles."""
        ...

    def join(self, one: Role, other: Role) -> None:
        """Let packets pass again."""
        ...


@runtime_checkable
class Conditioned(Protocol):
    """A cluster of which somebody else says how it is."""

    def conditions(self) -> Mapping[str, str]:
        """Return what is said of it now, each with its reason."""
        ...


class Platform(Protocol):
    """Makes clusters."""

    @property
    def verbs(self) -> tuple[type, ...]:
        """The protocols beside Cluster that its clusters follow."""
        ...

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def durations(self) -> Durations:
        """About how long things take here."""
        ...

    def check(self, spec: ClusterSpec) -> None:
        """Refuse what could not be made, before anything is. Errors: BadInput, ClusterError."""
        ...

    def intent(self, spec: ClusterSpec) -> Iterable[str]:
        """Say, step by step, what would be done to make a cluster; nothing is."""
        ...

    def create(self, spec: ClusterSpec, *, keep: bool) -> Cluster:
        """Make a cluster and return once it is ready. Unless kept it belongs to this process: heal may remove it."""
        ...

    def keep(self, name: str) -> None:
        """Let a cluster outlive this process."""
        ...

    def settings(self, spec: ClusterSpec) -> Mapping[str, str]:
        """Return the settings by which a cluster would differ from the release's own."""
        ...

    def limits(self, profile: str) -> str:
        """Return the name of the shipped file of limits for a settings profile."""
        ...

    def close(self) -> None:
        """Let go of what several clusters shared."""
        ...
