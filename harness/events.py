"""What events say, as values: each is declared by whoever records it, kept as text, and read back as what it was.

Unknown fields of a newer harness are left out of a value, and stay in the event as it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any, Generic, TypeVar, dataclass_transform

from pydantic import BeforeValidator, ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from harness.history import Event, EventKind

T = TypeVar("T")
_BETWEEN = ", "  # no member's name holds it


def _apart(given: object) -> object:
    return tuple(filter(None, given.split(_BETWEEN))) if isinstance(given, str) else given


Names = Annotated[tuple[str, ...], BeforeValidator(_apart)]


@dataclass(frozen=True)
class Said(Generic[T]):
    """A value: when it was said (ns on the history's clock), of whom, and of what happening."""

    t_ns: int
    name: str
    what: str
    value: T


@dataclass_transform(frozen_default=True)
def event(kind: str, what: str = "") -> Callable[[type[T]], type[T]]:
    """Make a frozen dataclass what events of a kind say; without `what`, whatever happened.

    A kind that the harness does not have is an extension's own.
    """

    def declare(cls: type[T]) -> type[T]:
        if "kind" in cls.__annotations__:
            raise TypeError(f"{cls.__name__}.kind: an event's own kind goes by that name")
        made: Any = checked(frozen=True, config=ConfigDict(extra="ignore"))(cls)
        made.KIND, made.WHAT, made.READ = kind, what, TypeAdapter(made)
        return made  # type: ignore[no-any-return]  # the same class

    return declare


def as_event(said: Any, name: str, t_ns: int) -> Event:
    """Return an event that says a value. What is as by default is left out."""
    told = {one.name: getattr(said, one.name) for one in fields(said) if getattr(said, one.name) != one.default}
    detail = {key: _text(held) for key, held in told.items()}
    known = said.KIND in set(EventKind)
    return Event(
        t_ns,
        EventKind(said.KIND) if known else EventKind.OTHER,
        name,
        said.WHAT,
        detail if known else {**detail, "kind": said.KIND},
    )


def _text(held: object) -> str:
    if isinstance(held, tuple):
        return _BETWEEN.join(held)
    return "" if held is None else str(held)


def said(events: Iterable[Event], kind: type[T]) -> Iterator[Said[T]]:
    """Yield what events of a kind say, in their order. Raises ValueError for one that does not fit its kind."""
    for one in events:
        value = said_by(one, kind)
        if value is not None:
            yield Said(one.t_ns, one.name, one.what, value)


def said_by(one: Event, kind: type[T]) -> T | None:
    """Return what an event says where it is of this kind. Raises ValueError where it does not fit it."""
    declared: Any = kind
    own = one.detail.get("kind", "") if one.kind is EventKind.OTHER else one.kind.value
    if own != declared.KIND or declared.WHAT not in ("", one.what):
        return None
    read: T = declared.READ.validate_python(dict(one.detail))
    return read


@event("fault")
class OfAction:
    """What is told of an action: its id, the members that it hits, the one that is changed and how, what it goes to.

    An older harness gave no id.
    """

    action: str = ""
    members: Names = ()
    member: str = ""
    what: str = ""
    to: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """Every member that it names."""
        return (*self.members, *((self.member,) if self.member else ()))


@event("machine", "started")
class ClusterStarted:
    """How long a cluster took to start: from its first member's start until all were ready."""

    took_s: float


@event("machine", "read")
class YardstickRead:
    """What the machine does by itself, in milliseconds: harness.load.yardstick."""

    client: float
    search: float
    fsync: float
    start: float
