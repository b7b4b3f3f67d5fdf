"""The verbs that can be done to a cluster, by what a platform offers: small protocols, each with its own purpose."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.cluster import ClusterSpec, Durations, Endpoint, Member, Pulse, Role

# Told a member's name and what becomes of it: "leaving" just before it is asked to end, "ready" once it serves.
OnMember = Callable[[str, str], None]


def nobody(member: str, what: str) -> None:
    """Stand for whoever need not be told of members."""
    del member, what


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

    def scale(self, role: Role, count: int, on_member: OnMember = nobody) -> None:
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
class Contained(Breakable, Protocol):
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
class Lent(Protocol):
    """A cluster of somebody else's, in which the harness has a collection of its own for a while."""

    def drop(self, collection: str) -> None:
        """Remove a collection; nothing to do where there is none."""
        ...


# Why an action can't be done where a cluster lacks the verbs that it needs.
LACKING: Mapping[type, str] = {
    Breakable: "its members are out of reach",
    Scalable: "its members are not the harness's to count",
    Changeable: "it would not be left as it was found",
    Contained: "its members run in no containers",
    OnNodes: "its members lie on no nodes, or all on one",
    NodePower: "it has no node that can be stopped",
    Isolable: "it has no packet filter between members",
}


@runtime_checkable
class Timed(Protocol):
    """A cluster that knows how long it took to start."""

    def start_s(self) -> float | None:
        """Return the seconds from the first member's start until all were ready; None where it was there already.

        Whatever was fetched or made for them before is left out.
        """
        ...


@runtime_checkable
class Conditioned(Protocol):
    """A cluster of which somebody else says how it is."""

    def conditions(self) -> Mapping[str, str]:
        """Return what is said of it now, each with its reason."""
        ...


@runtime_checkable
class Metered(Protocol):
    """A cluster on this machine whose members are no processes of the harness's."""

    def metered(self) -> Callable[[], Mapping[str, float]] | None:
        """Return who tells how much processor time they took so far, in seconds; None where that can't be told."""
        ...


class Platform(Protocol):
    """Makes clusters."""

    @property
    def verbs(self) -> tuple[type, ...]:
        """The protocols beside Cluster that its clusters follow."""
        ...

    @property
    def dependencies(self) -> Collection[Role]:
        """What Milvus depends on that its clusters count among their members."""
        ...

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def notice(self) -> str:
        """What whoever leaves a cluster up should know; empty where there is nothing."""
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
