"""Carry out a planned fault: check, record the undo, inject, see that it took, heal, see that it healed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from harness.cluster import Health
from harness.errors import ClusterError
from harness.faults.injection import Injection, choose, require, told_of_members
from harness.faults.journal import Undo, Verb
from harness.faults.nodes import drain, isolate, stop_node
from harness.plan.faults import (
    Configure,
    Drain,
    Isolate,
    Kill,
    KillContainer,
    Nothing,
    Pause,
    Scale,
    StopNode,
    Terminate,
    Upgrade,
)
from harness.plan.plan import PlannedFault
from harness.verbs import Breakable, Changeable, Cluster, Contained, OnMember, Scalable


def inject(planned: PlannedFault, injection: Injection) -> None:
    """Carry out one fault from its injection to its observed healing.

    Errors: BadInput when there is no member to hit, Unsupported where the cluster can't do it, ClusterError when it
    did not take or did not heal.
    """
    fault, choice = planned.fault, planned.choice
    require(injection.cluster, fault)
    match fault:
        case Kill() | Terminate() | KillContainer():
            _end(fault, choice, injection)
        case Pause():
            _pause(fault, choice, injection)
        case Drain():
            drain(fault, choice, injection)
        case StopNode():
            stop_node(fault, choice, injection)
        case Isolate():
            isolate(fault, injection)
        case Nothing():
            for moment in ("inject", "effect", "heal", "healed"):
                injection.tell(moment, {})
        case _:
            _change(fault, injection)


def _end(fault: Kill | Terminate | KillContainer, choice: int, injection: Injection) -> None:
    """End members of a role, and have them started again."""
    cluster = cast("Breakable", injection.cluster)
    targets = choose(injection.cluster, fault.role, fault.count if isinstance(fault, Kill) else 1, choice)
    before = {name: injection.cluster.pulse()[name].uid for name in targets}
    with injection.journal.step(fault.label, tuple(Undo(Verb.START, name) for name in targets)):
        injection.tell("inject", {"members": ", ".join(targets)})
        for name in targets:
            _end_one(fault, cluster, name)
        _observe_gone(injection.cluster, before)
        injection.tell("effect", {"members": ", ".join(targets)})
        if isinstance(fault, Kill):
            injection.wait(fault.heal_after_s)
        injection.tell("heal", {})
        for name in targets:
            cluster.start(name)
        _observe_restarts(injection.cluster, before)
        injection.tell("healed", {})


def _end_one(fault: Kill | Terminate | KillContainer, cluster: Breakable, name: str) -> None:
    match fault:
        case Kill():
            cluster.kill(name)
        case Terminate():
            cluster.terminate(name)
        case KillContainer():
            cast("Contained", cluster).kill_container(name)


def _pause(fault: Pause, choice: int, injection: Injection) -> None:
    cluster = cast("Breakable", injection.cluster)
    (target,) = choose(injection.cluster, fault.role, 1, choice)
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
    told, on_member = told_of_members(injection)
    with injection.journal.step(fault.label, _undo(fault, injection.cluster)):
        injection.tell("inject", {"to": fault.to} if isinstance(fault, Upgrade) else {})
        _carry_out(fault, injection.cluster, on_member)
        after = injection.cluster.pulse()
        if not told or all(after.get(name) == before.get(name) for name in told):
            raise ClusterError(f"{fault.label} changed no member", where=injection.cluster.name, mend="see its logs")
        injection.tell("heal", {})
        injection.tell("healed", {})


def _carry_out(fault: Scale | Upgrade | Configure, cluster: Cluster, on_member: OnMember) -> None:
    match fault:
        case Scale():
            cast("Scalable", cluster).scale(fault.role, fault.to, on_member)
        case Upgrade():
            cast("Changeable", cluster).upgrade(fault.to, on_member)
        case Configure():
            cast("Changeable", cluster).configure(fault.settings, on_member)


def _undo(fault: Scale | Upgrade | Configure, cluster: Cluster) -> tuple[Undo, ...]:
    members = cluster.members()
    if isinstance(fault, Scale):
        return (Undo(Verb.SCALE, fault.role, str(sum(member.role is fault.role for member in members))),)
    # A roll that broke off leaves members of two kinds, each of them whole: starting what is dead is its undo.
    return tuple(Undo(Verb.START, member.name) for member in members if member.role.is_milvus)


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
