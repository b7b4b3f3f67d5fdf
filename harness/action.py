"""What an action is: a value that users write, the verbs that it needs, and the moments that it goes through.

The spine knows no action by its name; each is one file in `harness.actions`, or in a package of somebody's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Protocol,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    runtime_checkable,
)

from harness.cluster import ClusterSpec, Durations, Member, Role
from harness.errors import BadInput
from harness.journal import Undo
from harness.stage import Stage
from harness.verbs import OnMember

if TYPE_CHECKING:  # a scenario can be written without numpy
    from numpy.random import Generator

V_contra = TypeVar("V_contra", contravariant=True)


@dataclass(frozen=True)
class Begin:
    """It is about to be done. What takes it back is on disk before the generator goes on."""

    undo: tuple[Undo, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Effect:
    """It has been seen to take effect."""

    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hold:
    """Time passes, and traffic flows on."""

    for_s: float


@dataclass(frozen=True)
class Heal:
    """It is about to be taken back."""


@dataclass(frozen=True)
class Healed:
    """It has been seen to be over."""


class Sight(Protocol):
    """What can be seen while traffic flows. Windows end now, and are in seconds."""

    def members(self) -> tuple[Member, ...]:
        """Return all members."""
        ...

    def rows(self) -> int:
        """Return how many rows have been acknowledged so far, those that were loaded included."""
        ...

    def rate(self, window_s: float) -> float:
        """Return how many operations were answered a second, well or not."""
        ...

    def error_share(self, window_s: float) -> float:
        """Return which share of the operations answered was not OK; 0 where none was answered."""
        ...


@runtime_checkable
class State(Protocol):
    """Something that comes to be seen, and its words."""

    @property
    def label(self) -> str:
        """What is the case then, in a few words."""
        ...

    def is_seen(self, sight: Sight) -> bool:
        """Whether it is the case now."""
        ...


@dataclass(frozen=True)
class Await:
    """It goes on once a state is seen; where that does not come within its time the run says nothing."""

    state: State
    within_s: float


@dataclass(frozen=True)
class Others:
    """Other actions are carried out, beside each other; it goes on once all of them are over."""

    actions: tuple[AnyAction, ...]


@dataclass(frozen=True)
class Offer:
    """So many more searches a second are sent for a time, by clients of their own, on a schedule that was fixed before.

    It takes effect as the first of them is on record, and is over when the last one was due.
    """

    search_rate: float
    for_s: float


Moment = Begin | Effect | Hold | Heal | Healed | Await | Others | Offer
Moments = Iterator[Moment]


class Action(ABC, Generic[V_contra]):
    """One thing that is done to a cluster. Its type's argument is the protocol of verbs that it needs, or `object`.

    A subclass is decorated with `harness.value.value`, so that what its fields hold is checked as it is made.
    """

    needs: ClassVar[type] = object

    def __init_subclass__(cls, **named: object) -> None:
        super().__init_subclass__(**named)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Action:
                (cls.needs,) = get_args(base)

    @property
    @abstractmethod
    def label(self) -> str:
        """What it does, in a few words: for the plan, the journal, the events and the page."""

    @abstractmethod
    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed, seconds."""

    @abstractmethod
    def carry_out(self, cluster: V_contra, stage: Stage) -> Moments:
        """Go through its moments: first Begin, last Healed; Effect once it was seen, where `stage` did not tell of it.

        Errors: BadInput when there is no member to hit, ClusterError when it did not take or did not heal.
        """

    @property
    def parts(self) -> tuple[AnyAction, ...]:
        """Itself, or the actions that it is made of."""
        return (self,)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that it names."""
        return tuple(one for one in vars(self).values() if isinstance(one, Role))

    @property
    def sees_traffic(self) -> bool:
        """Whether it goes by what clients are answered, so that somebody must send traffic."""
        return any(one.sees_traffic for one in self._inner())

    def _inner(self) -> Iterator[AnyAction]:
        for held in vars(self).values():
            yield from (one for one in (held if isinstance(held, tuple) else (held,)) if isinstance(one, Action))

    def fit(self, counts: dict[Role, int]) -> None:
        """Refuse what a cluster with so many members of each role can't give, and note how many there are afterwards.

        Errors: BadInput.
        """
        for role in self.roles:
            if role not in counts:
                there = ", ".join(counts)
                raise BadInput(f"there is no {role} in this Milvus", where=self.label, mend=f"take one of {there}")

    def changed(self, spec: ClusterSpec) -> ClusterSpec:
        """Return what the cluster is asked to become, which the platform checks before anything starts."""
        return spec


AnyAction: TypeAlias = Action[Any]


class Composite(Action[object]):
    """An action made of others. It is never begun itself: what it yields are waits, and the others."""

    @property
    @abstractmethod
    def parts(self) -> tuple[AnyAction, ...]:
        """The actions that it is made of, those inside of others too."""


@runtime_checkable
class Drawn(Protocol):
    """What stands in place of actions and draws them from the scenario's seed."""

    @property
    def source(self) -> str:
        """Where they come from: a name that means the same for good."""
        ...

    def draw(self, random: Generator) -> tuple[AnyAction, ...]:
        """Return the actions, the same for the same state of `random`."""
        ...


def gradually(
    stage: Stage, label: str, change: Callable[[OnMember], None], undo: tuple[Undo, ...], **detail: str
) -> Moments:
    """Go through a change member by member.

    Its effect begins as the first member is about to leave, or as the first new one serves.
    Errors: ClusterError where no member was changed.
    """
    before = stage.pulse()
    yield Begin(undo, detail)
    told: list[str] = []
    change(stage.on_member(told))
    stage.see_changed(before, told, label)
    yield Heal()
    yield Healed()


def ended_and_started(
    stage: Stage,
    targets: tuple[str, ...],
    end: Callable[[str], None],
    start: Callable[[str], None],
    down_s: float | None = None,
) -> Moments:
    """End members, see that they are gone, have them started after `down_s`, and see that others came."""
    before, told = stage.uids(targets), {"members": ", ".join(targets)}
    yield Begin(tuple(Undo("start", (name,)) for name in targets), told)
    for name in targets:
        end(name)
    stage.see_gone(before)
    yield Effect(told)
    if down_s is not None:
        yield Hold(down_s)
    yield Heal()
    for name in targets:
        start(name)
    stage.see_restarted(before)
    yield Healed()


def start_the_dead(stage: Stage) -> tuple[Undo, ...]:
    """Return the undo of a roll: one that broke off leaves members of two kinds, each of them whole."""
    return tuple(Undo("start", (member.name,)) for member in stage.members() if member.role.is_milvus)
