"""Carry out a planned fault: check, record the undo, inject, see that it took, heal, see that it healed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from harness.cluster import Breakable, Changeable, Cluster, Health, OnMember, Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.faults.journal import Journal, Undo, Verb
from harness.plan.faults import Configure, Fault, Kill, Pause, Scale, Upgrade
from harness.plan.plan import PlannedFault

Tell = Callable[[str, Mapping[str, str]], None]
Wait = Callable[[float], None]


@dataclass(frozen=True)
class Injection:
    """What a fault needs beside itself: the cluster, the journal, and the run's way to tell and to wait.

    `tell` records the fault's moments (inject, effect, heal, healed), `wait` passes time while traffic flows.
    """

    cluster: Cluster
    journal: Journal
    tell: Tell
    wait: Wait


def require(cluster: Cluster, fault: Fault) -> None:
    """Refuse a fault that the platform can't do. Errors: Unsupported."""
    needed = Breakable if isinstance(fault, Kill | Pause) else Changeable
    if not isinstance(cluster, needed):
        raise Unsupported(
            f"{fault.label} can't be done to {cluster.name}", where="platform", mend="run the scenario on another one"
        )


def inject(planned: PlannedFault, injection: Injection) -> None:
    """Carry out one fault from its injection to its observed healing.

    Errors: BadInput when there is no member to hit, ClusterError when it did not take or did not heal.
    """
    fault = planned.fault
    require(injection.cluster, fault)
    if isinstance(fault, Kill):
        _kill(fault, planned.choice, injection)
    elif isinstance(fault, Pause):
        _pause(fault, planned.choice, injection)
    else:
        _change(fault, injection)


def _kill(fault: Kill, choice: int, injection: Injection) -> None:
    cluster = cast("Breakable", injection.cluster)
    targets = _choose(injection.cluster, fault.role, fault.count, choice)
    before = {name: injection.cluster.pulse()[name].uid for name in targets}
    with injection.journal.step(fault.label, tuple(Undo(Verb.START, name) for name in targets)):
        injection.tell("inject", {"members": ", ".join(targets)})
        for name in targets:
            cluster.kill(name)
        _observe_gone(injection.cluster, before)
        injection.tell("effect", {"members": ", ".join(targets)})
        injection.wait(fault.heal_after_s)
        injection.tell("heal", {})
        for name in targets:
            cluster.start(name)
        _observe_restarts(injection.cluster, before)
        injection.tell("healed", {})


def _pause(fault: Pause, choice: int, injection: Injection) -> None:
    cluster = cast("Breakable", injection.cluster)
    (target,) = _choose(injection.cluster, fault.role, 1, choice)
    with injection.journal.step(fault.label, (Undo(Verb.RESUME, target),)):
        injection.tell("inject", {"members": target})
        cluster.pause(target)
        _observe(injection.cluster, (target,), Health.PAUSED)
        injection.tell("effect", {"members": target})
        injection.wait(fault.for_s)
        injection.tell("heal", {})
        cluster.resume(target)
        try:
            cluster.start(target)
        except ClusterError:
            # One that lost its session while it stood ends as it wakes; a supervisor starts it again.
            cluster.start(target)
        _observe(injection.cluster, (target,), Health.READY)
        injection.tell("healed", {})


def _change(fault: Scale | Upgrade | Configure, injection: Injection) -> None:
    """Do a gradual change. Its effect begins as the first member is about to leave, or as the first new one serves."""
    before = injection.cluster.pulse()
    told: list[str] = []

    def on_member(name: str, what: str) -> None:
        told.append(name)
        injection.tell("effect" if len(told) == 1 else "member", {"member": name, "what": what})

    with injection.journal.step(fault.label, _undo(fault, injection.cluster)):
        injection.tell("inject", {})
        _carry_out(fault, cast("Changeable", injection.cluster), on_member)
        after = injection.cluster.pulse()
        if not told or all(after.get(name) == before.get(name) for name in told):
            raise ClusterError(f"{fault.label} changed no member", where=injection.cluster.name, mend="see its logs")
        injection.tell("heal", {})
        injection.tell("healed", {})


def _carry_out(fault: Scale | Upgrade | Configure, cluster: Changeable, on_member: OnMember) -> None:
    if isinstance(fault, Scale):
        cluster.scale(fault.role, fault.to, on_member)
    elif isinstance(fault, Upgrade):
        cluster.upgrade(fault.to, on_member)
    else:
        cluster.configure(fault.settings, on_member)


def _undo(fault: Scale | Upgrade | Configure, cluster: Cluster) -> tuple[Undo, ...]:
    members = cluster.members()
    if isinstance(fault, Scale):
        return (Undo(Verb.SCALE, fault.role, str(sum(member.role is fault.role for member in members))),)
    # A roll that broke off leaves members of two kinds, each of them whole: starting what is dead is its undo.
    return tuple(Undo(Verb.START, member.name) for member in members if member.role.is_milvus)


def _choose(cluster: Cluster, role: Role, count: int, choice: int) -> tuple[str, ...]:
    """Choose living members of a role. An empty choice is an error, never a fault that did nothing."""
    there = [m.name for m in cluster.members() if m.role is role and m.health is Health.READY]
    if len(there) < count:
        raise BadInput(
            f"{count} members of {role} are to be hit, {len(there)} live", where=cluster.name, mend="see harness status"
        )
    return tuple(there[(choice + index) % len(there)] for index in range(count))


def _observe(cluster: Cluster, members: tuple[str, ...], health: Health) -> None:
    pulse = cluster.pulse()
    for name in members:
        if pulse[name].health is not health:
            raise ClusterError(f"{name} is {pulse[name].health}, not {health}", where=cluster.name, mend="see its log")


def _observe_gone(cluster: Cluster, before: Mapping[str, str]) -> None:
    """See that whoever was in each member's place is there no more; another one may be starting already."""
    pulse = cluster.pulse()
    for name, uid in before.items():
        if pulse[name].uid == uid and pulse[name].health is not Health.DEAD:
            raise ClusterError(f"{name} is {pulse[name].health}, not dead", where=cluster.name, mend="see its log")


def _observe_restarts(cluster: Cluster, before: Mapping[str, str]) -> None:
    pulse = cluster.pulse()
    for name, uid in before.items():
        if pulse[name].uid == uid or pulse[name].health is not Health.READY:
            raise ClusterError(f"{name} was not started again", where=cluster.name, mend="see its log")
