"""What every fault needs beside itself, which cluster can do it, and whom it hits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.cluster import DEPENDENCIES, Health, Role
from harness.errors import BadInput, Unsupported
from harness.faults.journal import Journal
from harness.plan.faults import Drain, Fault, Isolate, Kill, KillContainer, Nothing, Pause, Scale, StopNode, Terminate
from harness.verbs import (
    Breakable,
    Changeable,
    Cluster,
    Contained,
    Isolable,
    NodePower,
    OnMember,
    OnNodes,
    Platform,
    Scalable,
)

Tell = Callable[[str, Mapping[str, str]], None]
Wait = Callable[[float], None]

_NEEDS: Mapping[type, type] = {
    **dict.fromkeys((Kill, Pause, Terminate), Breakable),
    Scale: Scalable,
    KillContainer: Contained,
    Drain: OnNodes,
    StopNode: NodePower,
    Isolate: Isolable,
    Nothing: object,
}
_WHY: Mapping[type, str] = {
    Breakable: "its members are out of reach",
    Scalable: "its members are not the harness's to count",
    Changeable: "it would not be left as it was found",
    Contained: "its members run in no containers",
    OnNodes: "its members lie on no nodes, or all on one",
    NodePower: "it has no node that can be stopped",
    Isolable: "it has no packet filter between members",
}


@dataclass(frozen=True)
class Injection:
    """What a fault needs beside itself: the cluster, the journal, and the run's way to tell and to wait.

    `tell` records the fault's moments (inject, effect, heal, healed), `wait` passes time while traffic flows.
    """

    cluster: Cluster
    journal: Journal
    tell: Tell
    wait: Wait


def refuse(fault: Fault, platform: Platform) -> None:
    """Refuse a fault for which a platform lacks the verbs, or can't tell whom to hit.

    Errors: Unsupported with the reason.
    """
    where = f"platform {platform.name}"
    if not any(issubclass(verb, _needed(fault)) for verb in (object, *platform.verbs)):
        raise _unsupported(fault, where)
    for role in (getattr(fault, name, None) for name in ("role", "other")):
        if role in DEPENDENCIES and role not in platform.dependencies:
            why = f"{fault.label} can't be done: which pods are {role} was not said"
            raise Unsupported(why, where=where, mend=f"set dependencies.selectors.{role}")


def require(cluster: Cluster, fault: Fault) -> None:
    """Refuse a fault that a cluster can't do. Errors: Unsupported with the reason."""
    if not isinstance(cluster, _needed(fault)):
        raise _unsupported(fault, cluster.name)


def told_of_members(injection: Injection, **detail: str) -> tuple[list[str], OnMember]:
    """Return who tells of members in a gradual change, the first of them as its effect, and whom it has told of."""
    told: list[str] = []

    def on_member(name: str, what: str) -> None:
        told.append(name)
        injection.tell("effect" if len(told) == 1 else "member", {"member": name, "what": what, **detail})

    return told, on_member


def choose(cluster: Cluster, role: Role, count: int, choice: int) -> tuple[str, ...]:
    """Choose living members of a role. An empty choice is an error, never a fault that did nothing."""
    there = [m.name for m in cluster.members() if m.role is role and m.health is Health.READY]
    if len(there) < count:
        raise BadInput(
            f"{count} members of {role} are to be hit, {len(there)} live", where=cluster.name, mend="see harness status"
        )
    return tuple(there[(choice + index) % len(there)] for index in range(count))


def _needed(fault: Fault) -> type:
    return _NEEDS.get(type(fault), Changeable)


def _unsupported(fault: Fault, where: str) -> Unsupported:
    why = _WHY[_needed(fault)]
    return Unsupported(f"{fault.label} can't be done: {why}", where=where, mend="run the scenario on another platform")
