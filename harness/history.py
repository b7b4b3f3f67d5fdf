"""Everything that happened in a scenario, on one monotonic clock (CLOCK_MONOTONIC, integer nanoseconds)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.kind import Kind

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
# In place of a version: no such row; one whose fields do not belong together, by its own checksum.
ABSENT, DAMAGED = -1, -2


class Result(IntEnum):
    """What came of an operation. UNKNOWN: a write that may or may not have been applied."""

    OK = 0
    FAIL = 1
    UNKNOWN = 2
    NEVER_SENT = 3


@dataclass(frozen=True, eq=False)
class Operations:
    """Every *scheduled* operation, one row each, in order of intended start; n rows, k hits at most, or k + 1
    where an answer has more.

    Times are -1 where there is none; hits are padded with -1 and distances with NaN (a smaller distance is
    nearer, whatever the metric); a read's hits are the keys that it found. A write covers the keys
    [key, key + key_count), a read asks for one. `version`: written by an insert or upsert, found by a read (or ABSENT,
    DAMAGED), -1 for the others.
    """

    op_id: NDArray[np.int64]
    kind: NDArray[np.uint8]
    intended_ns: NDArray[np.int64]
    sent_ns: NDArray[np.int64]
    done_ns: NDArray[np.int64]
    outcome: NDArray[np.uint8]
    query: NDArray[np.int32]
    hits: NDArray[np.int64]
    distances: NDArray[np.float32]
    key: NDArray[np.int64]
    key_count: NDArray[np.int32]
    version: NDArray[np.int64]
    error: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.op_id)

    def where(self, mask: NDArray[np.bool_]) -> Operations:
        """Keep the rows of a boolean mask of shape (n,). Those that lie together are not copied."""
        at = np.flatnonzero(mask)
        rows = slice(at[0], at[-1] + 1) if len(at) and at[-1] - at[0] < len(at) else at
        return Operations(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def of_kind(self, *kinds: Kind) -> Operations:
        """Keep the operations of these kinds."""
        return self.where(np.isin(self.kind, kinds))

    def between(self, begin_ns: int, end_ns: int) -> Operations:
        """Keep the operations whose intended start lies in [begin_ns, end_ns)."""
        return self.where((self.intended_ns >= begin_ns) & (self.intended_ns < end_ns))


class EventKind(StrEnum):
    """What an event is about."""

    PHASE = "phase"  # name: provision, steady, fault, observe, readback; what: begin, end
    FAULT = "fault"  # name: the action's label; what: inject, effect, member, heal, healed; detail: action, its id
    MEMBER = "member"  # name: whose; what: up, starting, down, paused, gone, version, declared, serving
    # name: cpu; what: taken; detail: cores taken by others, of them those stolen by the host; busy, of how many; of a
    # quota its periods, and those in which it was used up
    # name: yardstick; what: read; detail: milliseconds of each part (harness.load.yardstick)
    # name: the cluster; what: started; detail: took_s, from its first member's start until all were ready
    MACHINE = "machine"
    RESOURCE = "resource"  # name: a condition, e.g. MilvusReady, or status; what: its value; detail: reason, message
    ORCHESTRATOR = "orchestrator"  # name: the object, e.g. Pod/x; what: the reason, e.g. Killing; detail: message
    WAY_IN = "way_in"  # name: e.g. port-forward; what: broken, open; detail: pod
    NOTE = "note"  # anything a reader of the report should know
    # Of a kind that only a newer harness knows, or an extension, shown as it came; detail: kind, its own word for it.
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """One thing that happened to the cluster or in the run, at a monotonic time."""

    t_ns: int
    kind: EventKind
    name: str
    what: str
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """The id of the action that it belongs to; its name where none was recorded."""
        return self.detail.get("action", self.name)


@runtime_checkable
class Eventful(Protocol):
    """A cluster that can tell more than its members' lives."""

    def happenings(self) -> Sequence[Event]:
        """Return what happened beside the members' lives since the last call, oldest first."""
        ...


@dataclass(frozen=True, eq=False)
class Truth:
    """Exact neighbours: q queries, their m >= k nearest loaded rows, and the w rows that traffic may insert.

    Loaded rows have the keys 0 to rows - 1 and are never written again. Distances: smaller is nearer (IP and COSINE
    are negated), L2 is squared as Milvus returns it. written_keys ascend; written_distances has shape (q, w). Rows
    that are upserted have keys of their own among them, and keep their vector: only their version changes.
    """

    metric: str
    k: int
    rows: int
    base_ids: NDArray[np.int64]
    base_distances: NDArray[np.float32]
    written_keys: NDArray[np.int64]
    written_distances: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Readback:
    """What a Strong read of everything, begun at t_ns, returned: keys in ascending order, and the server's count(*).

    `versions`, of the same shape as `keys`, holds DAMAGED where a row's checksum does not fit its other fields.
    """

    t_ns: int
    keys: NDArray[np.int64]
    versions: NDArray[np.int32]
    count: int


@dataclass(frozen=True)
class Offered:
    """What was offered: operations per second of each kind, hits asked for, and the client's deadline."""

    rates: Mapping[Kind, float]
    rows_per_insert: int
    k: int
    deadline_ns: int

    @property
    def is_none(self) -> bool:
        """Whether nobody sent anything, on purpose."""
        return not any(self.rates.values())

    def rate(self, kind: Kind) -> float:
        """Return operations per second; 0 for a kind that was not offered."""
        return self.rates.get(kind, 0.0)


@dataclass(frozen=True, eq=False)
class History:
    """All that checks see. `complete` is False where the run ended before its plan did.

    `recorded` is what kinds of evidence recorded beside events, by the kind's name.
    """

    operations: Operations
    events: tuple[Event, ...]
    truth: Truth
    readbacks: tuple[Readback, ...]
    traffic: Offered
    complete: bool
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_collection(self) -> bool:
        """Whether the scenario has rows that clients may ask for."""
        return bool(self.truth.rows) or not self.traffic.is_none

    def of(self, kind: EventKind, *, name: str | None = None, what: str | None = None) -> Iterator[Event]:
        """Yield the events of a kind, in order of time, narrowed to a name and to what happened."""
        for event in self.events:
            if event.kind == kind and name in (None, event.name) and what in (None, event.what):
                yield event

    def phase(self, name: str) -> tuple[int, int] | None:
        """Return [begin_ns, end_ns) of a phase, None where it was not both begun and ended."""
        begun = next(self.of(EventKind.PHASE, name=name, what="begin"), None)
        ended = next(self.of(EventKind.PHASE, name=name, what="end"), None)
        return (begun.t_ns, ended.t_ns) if begun and ended else None

    def fault_window(self) -> tuple[int, int] | None:
        """Return [t_eff, t_heal]: the first observed effect to the last observed healing; None if no effect."""
        effects = [e.t_ns for e in self.of(EventKind.FAULT, what="effect")]
        healed = [e.t_ns for e in self.of(EventKind.FAULT, what="healed")]
        return (min(effects), max(healed)) if effects and healed else None
