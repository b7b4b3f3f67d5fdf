"""Carries out any action: what is the same for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from itertools import count
from time import monotonic

from harness.action import AnyAction, Await, Begin, Effect, Heal, Healed, Hold, Moment, Offer, Others, Sight
from harness.cluster import DEPENDENCIES
from harness.errors import ClusterError, Unsupported
from harness.journal import Journal
from harness.plan.plan import PlannedAction
from harness.stage import Stage, TellMoment
from harness.verbs import LACKING, Cluster, Platform

# How often it is looked whether a state has come.
_LOOK_S = 0.5
_TICK_S = 0.25


Children = Callable[[AnyAction], PlannedAction]


class Stopped(Exception):
    """What is done beside others ends early, since the run does."""


Offering = Callable[[str, Offer], AbstractContextManager[object]]


def _at_once() -> None:
    """Wait for nobody."""


def _nobody(action: str, offer: Offer) -> AbstractContextManager[object]:
    """Offer nothing. Errors: ClusterError."""
    raise ClusterError(f"{offer.search_rate:g} searches a second can't be sent", where=action, mend="give it traffic")


@dataclass(frozen=True)
class Driver:
    """What every action is carried out with: the cluster, its journal, and the run's ways to tell, to wait and to see.

    `tell` records an action's label, its moment (inject, effect, member, heal, healed) and what is known of it; `wait`
    passes time while traffic flows.
    """

    cluster: Cluster
    journal: Journal
    tell: Callable[[str, str, Mapping[str, str]], None]
    wait: Callable[[float], None]
    sight: Sight
    begin: Callable[[], None] = _at_once  # returns once all that is done beside it may begin as well
    offering: Offering = _nobody  # sends more traffic, by an action's id; entered once the first of it is on record

    def carry_out(self, planned: PlannedAction) -> None:
        """Carry out one action from its beginning until it was seen to be healed; its undo is on disk meanwhile.

        Errors: BadInput when there is no member to hit, Unsupported where the cluster can't do it, ClusterError when
        it did not take or did not heal: then its undo stays in the journal.
        """
        action = planned.action
        require(self.cluster, action)

        def tell(moment: str, detail: Mapping[str, str]) -> None:
            self.tell(action.label, moment, {**detail, "action": planned.id})

        children = _children(planned)
        with ExitStack() as step:
            for number, moment in enumerate(action.carry_out(self.cluster, Stage(self.cluster, planned.choice, tell))):
                if not number:
                    self.begin()
                if isinstance(moment, Begin):
                    step.enter_context(self.journal.step(action.label, moment.undo))
                if isinstance(moment, Offer):
                    with self.offering(planned.id, moment):
                        tell("effect", {})
                        self.wait(moment.for_s)
                        tell("heal", {})
                else:
                    self._pass_through(moment, tell, children)

    def _pass_through(self, moment: Moment, tell: TellMoment, children: Children) -> None:
        match moment:
            case Begin(detail=detail):
                tell("inject", detail)
            case Effect(detail):
                tell("effect", detail)
            case Hold(seconds):
                self.wait(seconds)
            case Heal():
                tell("heal", {})
            case Healed():
                tell("healed", {})
            case Await(state, within_s):
                self._await(state.label, lambda: state.is_seen(self.sight), within_s)
            case Others((one,)):
                replace(self, begin=_at_once).carry_out(children(one))
            case Others(actions):
                self._beside_each_other(tuple(map(children, actions)))

    def _await(self, what: str, is_seen: Callable[[], bool], within_s: float) -> None:
        until_s = monotonic() + within_s
        while not is_seen():
            if monotonic() > until_s:
                mend = "give it longer, or wait for something else"
                raise ClusterError(f"{what} was not seen within {within_s:g} s", where="When", mend=mend)
            self.wait(_LOOK_S)

    def _beside_each_other(self, children: tuple[PlannedAction, ...]) -> None:
        """Carry out each in a thread of its own, while this one passes time.

        All begin once each has found whom it hits; where one can't, none does. The first error counts, at the end.
        """
        beside = _Beside(len(children))
        driver = replace(self, wait=beside.wait, begin=beside.begin)
        with ThreadPoolExecutor(len(children), "action") as pool:
            futures = [pool.submit(beside.guarded, driver.carry_out, child) for child in children]
            try:
                while wait_for(futures, timeout=0).not_done:
                    self.wait(_TICK_S)
            except BaseException:
                beside.stop()
                raise
        _raise_first(futures)


class _Beside:
    """What threads share that carry out actions beside each other."""

    def __init__(self, count: int) -> None:
        self._all = threading.Barrier(count)
        self._over = threading.Event()

    def begin(self) -> None:
        """Wait until all may begin. Errors: Stopped where one of them can't."""
        try:
            self._all.wait()
        except threading.BrokenBarrierError:
            raise Stopped from None

    def wait(self, seconds: float) -> None:
        """Pass time. Errors: Stopped where the run ends."""
        if self._over.wait(seconds):
            raise Stopped

    def guarded(self, carry_out: Callable[[PlannedAction], None], child: PlannedAction) -> None:
        """Carry out one of them; where it fails before the others have begun, they don't."""
        try:
            carry_out(child)
        except BaseException:
            self._all.abort()
            raise

    def stop(self) -> None:
        """Have all of them end at their next wait."""
        self._over.set()
        self._all.abort()


def _children(parent: PlannedAction) -> Children:
    """Return who numbers what an action has done: each hits another member where they name the same role."""
    numbers = count()

    def child(action: AnyAction) -> PlannedAction:
        number = next(numbers)
        return PlannedAction(action, 0.0, parent.choice + number, id=f"{parent.id}.{number + 1}")

    return child


def _raise_first(futures: list[Future[None]]) -> None:
    errors = [error for future in futures if (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, Stopped)):
        raise error


def refuse(action: AnyAction, platform: Platform) -> None:
    """Refuse an action for which a platform lacks the verbs, or can't tell whom to hit. Errors: Unsupported."""
    where = f"platform {platform.name}"
    for part in action.parts:
        if not any(issubclass(verb, part.needs) for verb in (object, *platform.verbs)):
            raise _unsupported(part, where)
        for role in part.roles:
            if role in DEPENDENCIES and role not in platform.dependencies:
                why = f"{part.label} can't be done: which pods are {role} was not said"
                raise Unsupported(why, where=where, mend=f"set dependencies.selectors.{role}")


def require(cluster: Cluster, action: AnyAction) -> None:
    """Refuse an action that a cluster can't do. Errors: Unsupported with the reason."""
    for part in action.parts:
        if not isinstance(cluster, part.needs):
            raise _unsupported(part, cluster.name)


def _unsupported(action: AnyAction, where: str) -> Unsupported:
    why = LACKING.get(action.needs, f"it has no {action.needs.__name__}")
    return Unsupported(f"{action.label} can't be done: {why}", where=where, mend="run the scenario on another platform")
