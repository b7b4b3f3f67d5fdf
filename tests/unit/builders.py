"""Histories written by hand whose answers are plain: healthy traffic, and what can be done to it.

Times in seconds count from the recipe's first operation. A healthy history has 40 s of steady state, a fault that
takes effect at 40 s and heals at 45 s, and is observed until 105 s; nothing in it goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history import (
    NS_PER_MS,
    NS_PER_S,
    Event,
    EventKind,
    History,
    Kind,
    Operations,
    Outcome,
    Readback,
    Traffic,
    Truth,
)

Mask = NDArray[np.bool_]
ALL = (Kind.SEARCH, Kind.INSERT, Kind.DELETE)


@dataclass(frozen=True)
class Recipe:
    """What healthy traffic looks like. Every insert writes one row; every fifth is deleted half a second later."""

    origin_s: float = 1000.0
    steady_s: float = 40.0
    fault_s: float = 5.0
    observe_s: float = 60.0
    search_rate: float = 50.0
    insert_rate: float = 10.0
    delete_rate: float = 2.0
    rows: int = 1000
    k: int = 10
    queries: int = 20
    latency_ms: float = 5.0
    faulted: bool = True

    @property
    def end_s(self) -> float:
        return self.steady_s + (self.fault_s if self.faulted else 0.0) + self.observe_s

    def at(self, second: float) -> int:
        """Return the monotonic time of a second of this recipe."""
        return round((self.origin_s + second) * NS_PER_S)


def healthy(recipe: Recipe = Recipe()) -> History:
    truth = make_truth(recipe)
    traffic = Traffic(recipe.search_rate, recipe.insert_rate, recipe.delete_rate, 1, recipe.k, NS_PER_S)
    operations = make_operations(recipe, truth)
    reads = tuple(
        Readback(recipe.at(recipe.end_s + wait), keys, len(keys))
        for wait, keys in ((2.0, left_over(operations, recipe.rows)), (12.5, left_over(operations, recipe.rows)))
    )
    return History(operations, make_events(recipe), truth, reads, traffic, complete=True)


def make_truth(recipe: Recipe) -> Truth:
    """Query i's neighbours are i*20, i*20 + 1, ... at distances 1, 2, ...; inserted rows are far from all."""
    m = 2 * recipe.k
    base = np.arange(recipe.queries)[:, None] * m % recipe.rows + np.arange(m)
    inserts = round(recipe.insert_rate * recipe.end_s)
    return Truth(
        metric="L2",
        k=recipe.k,
        rows=recipe.rows,
        base_ids=base.astype(np.int64) % recipe.rows,
        base_distances=np.tile(np.arange(1, m + 1, dtype=np.float32), (recipe.queries, 1)),
        insert_keys=np.arange(recipe.rows, recipe.rows + inserts),
        insert_distances=np.full((recipe.queries, inserts), 1e6, dtype=np.float32),
    )


def make_events(recipe: Recipe) -> tuple[Event, ...]:
    end_of_fault = recipe.steady_s + recipe.fault_s

    def phase(name: str, begin_s: float, end_s: float) -> list[Event]:
        moments = ((begin_s, "begin"), (end_s, "end"))
        return [Event(recipe.at(s), EventKind.PHASE, name, what) for s, what in moments]

    events = [Event(recipe.at(-5), EventKind.MEMBER, "querynode-1", "up"), *phase("steady", 0, recipe.steady_s)]
    if recipe.faulted:
        moments = ((0.0, "inject"), (0.0, "effect"), (recipe.fault_s, "heal"), (recipe.fault_s, "healed"))
        events += phase("fault", recipe.steady_s, end_of_fault)
        events += [Event(recipe.at(recipe.steady_s + s), EventKind.FAULT, "kill", what) for s, what in moments]
        events += phase("observe", end_of_fault, recipe.end_s)
    else:
        events += phase("observe", recipe.steady_s, recipe.end_s)
    return tuple(sorted(events, key=lambda e: e.t_ns))


def make_operations(recipe: Recipe, truth: Truth) -> Operations:
    def times(rate: float, offset_s: float) -> NDArray[np.int64]:
        count = round(rate * recipe.end_s)
        return recipe.at(offset_s) + np.arange(count) * NS_PER_S // round(rate) if count else np.empty(0, np.int64)

    s, i, d = times(recipe.search_rate, 0), times(recipe.insert_rate, 0.001), times(recipe.delete_rate, 0.45)
    each = round(recipe.insert_rate / recipe.delete_rate) if recipe.delete_rate else 1
    n = len(s) + len(i) + len(d)
    kind = np.repeat(np.array(ALL, dtype=np.uint8), (len(s), len(i), len(d)))
    intended = np.concatenate([s, i, d])
    query = np.concatenate([np.arange(len(s)) % recipe.queries, np.full(len(i) + len(d), -1)])
    hits, distances = np.full((n, recipe.k), -1, np.int64), np.full((n, recipe.k), np.nan, np.float32)
    hits[: len(s)] = truth.base_ids[query[: len(s)], : recipe.k]
    distances[: len(s)] = truth.base_distances[query[: len(s)], : recipe.k]
    keys = [np.full(len(s), -1), recipe.rows + np.arange(len(i)), recipe.rows + np.arange(len(d)) * each]
    order = np.argsort(intended, kind="stable")
    # A little spread, the same in every stretch, so that percentiles differ and halves do not.
    latency = round(recipe.latency_ms * NS_PER_MS) + np.arange(n) % 10 * 100_000
    return Operations(
        op_id=np.arange(n),
        kind=kind[order],
        intended_ns=intended[order],
        sent_ns=intended[order] + 100_000,
        done_ns=intended[order] + latency,
        outcome=np.zeros(n, dtype=np.uint8),
        query=query[order].astype(np.int32),
        hits=hits[order],
        distances=distances[order],
        key=np.concatenate(keys)[order].astype(np.int64),
        key_count=(kind != Kind.SEARCH)[order].astype(np.int32),
        error=np.full(n, "", dtype="U16"),
    )


def left_over(operations: Operations, rows: int) -> NDArray[np.int64]:
    """Return the keys that a cluster which did as it said has: counted one by one, apart from the code under test."""
    there = set(range(rows))
    for kind, outcome, key in zip(operations.kind, operations.outcome, operations.key, strict=True):
        if outcome == Outcome.OK and kind == Kind.INSERT:
            there.add(int(key))
        elif outcome == Outcome.OK and kind == Kind.DELETE:
            there.discard(int(key))
    return np.array(sorted(there), dtype=np.int64)


# What can be done to a history. Seconds are those of the recipe that it was made by.


def within(history: History, begin_s: float, end_s: float, kinds: Iterable[Kind] = ALL) -> Mask:
    """Return the operations of these kinds intended in [begin_s, end_s) after the first."""
    operations = history.operations
    second = (operations.intended_ns - operations.intended_ns.min()) / NS_PER_S
    mask: Mask = (second >= begin_s) & (second < end_s) & np.isin(operations.kind, list(kinds))
    return mask


def edit(history: History, mask: Mask, **changes: Any) -> History:
    """Replace fields of the marked operations by a value each, or by one value per marked operation."""
    arrays = {}
    for name, value in changes.items():
        arrays[name] = getattr(history.operations, name).copy()
        arrays[name][mask] = value
    return replace(history, operations=replace(history.operations, **arrays))


def unanswered(history: History, mask: Mask) -> History:
    """Searches fail and writes stay unknown after the deadline."""
    operations = history.operations
    outcome = np.where(operations.kind == Kind.SEARCH, Outcome.FAIL, Outcome.UNKNOWN)
    late = operations.intended_ns + history.traffic.deadline_ns
    return edit(
        history, mask, outcome=outcome[mask], done_ns=late[mask], hits=-1, distances=np.nan, error="UNAVAILABLE"
    )


def outage(history: History, begin_s: float, end_s: float, kinds: Iterable[Kind] = ALL) -> History:
    return unanswered(history, within(history, begin_s, end_s, kinds))


def never_sent(history: History, mask: Mask) -> History:
    return edit(history, mask, outcome=Outcome.NEVER_SENT, sent_ns=-1, done_ns=-1, hits=-1, distances=np.nan)


def stall(history: History, begin_s: float, end_s: float) -> History:
    """Everything asked in [begin_s, end_s) is answered at its end, well and at once."""
    mask = within(history, begin_s, end_s)
    end_ns = int(history.operations.intended_ns.min()) + round(end_s * NS_PER_S)
    return edit(history, mask, done_ns=end_ns + 5 * NS_PER_MS)


def slower(history: History, begin_s: float, end_s: float, by_ms: float) -> History:
    mask = within(history, begin_s, end_s)
    return edit(history, mask, done_ns=history.operations.done_ns[mask] + round(by_ms * NS_PER_MS))


def recall_drop(history: History, begin_s: float, end_s: float, missed: int) -> History:
    """The last `missed` hits are loaded rows far from the query, in order and each once."""
    mask = within(history, begin_s, end_s, [Kind.SEARCH])
    hits = history.operations.hits[mask].copy()
    hits[:, hits.shape[1] - missed :] = history.truth.rows - 1 - np.arange(missed)
    return edit(history, mask, hits=hits)


def short_answers(history: History, begin_s: float, end_s: float, kept: int) -> History:
    """Searches succeed with `kept` hits only."""
    mask = within(history, begin_s, end_s, [Kind.SEARCH])
    hits, distances = history.operations.hits[mask].copy(), history.operations.distances[mask].copy()
    hits[:, kept:], distances[:, kept:] = -1, np.nan
    return edit(history, mask, hits=hits, distances=distances)


def reread(
    history: History, *, without: Iterable[int] = (), plus: Iterable[int] = (), only: int | None = None
) -> History:
    """Take keys out of both reads, or add them; `only` one of the reads (0 or 1)."""
    reads = []
    for number, read in enumerate(history.readbacks):
        keys = read.keys
        if only in (None, number):
            keys = np.sort(np.append(keys[~np.isin(keys, list(without))], np.array(list(plus), dtype=np.int64)))
        reads.append(replace(read, keys=keys, count=len(keys)))
    return replace(history, readbacks=tuple(reads))


def member(history: History, second: float, name: str, what: str) -> History:
    """Add a member event."""
    t_ns = int(history.operations.intended_ns.min()) + round(second * NS_PER_S)
    events = sorted((*history.events, Event(t_ns, EventKind.MEMBER, name, what)), key=lambda e: e.t_ns)
    return replace(history, events=tuple(events))


def without_events(history: History, what: str, kind: EventKind = EventKind.FAULT) -> History:
    """Leave out the events of a kind with this `what`."""
    return replace(history, events=tuple(e for e in history.events if (e.kind, e.what) != (kind, what)))


def empty(history: History) -> History:
    """Keep everything but the operations."""
    return replace(history, operations=history.operations.where(np.zeros(len(history.operations), dtype=np.bool_)))


def shifted(history: History, by_ns: int) -> History:
    """Move the whole history on the clock."""
    operations = history.operations
    times = {
        name: np.where(getattr(operations, name) >= 0, getattr(operations, name) + by_ns, -1)
        for name in ("intended_ns", "sent_ns", "done_ns")
    }
    return replace(
        history,
        operations=replace(operations, **times),
        events=tuple(replace(e, t_ns=e.t_ns + by_ns) for e in history.events),
        readbacks=tuple(replace(r, t_ns=r.t_ns + by_ns) for r in history.readbacks),
    )


def shuffled(history: History, seed: int) -> History:
    """Put the rows of the operations in another order."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(history.operations))
    arrays = {name: getattr(history.operations, name)[order] for name in Operations.__dataclass_fields__}
    return replace(history, operations=Operations(**arrays))


def taken(history: History, begin_s: float, end_s: float, cores: float) -> History:
    """Have other programs of the machine take so many cores."""
    origin_ns = int(history.operations.intended_ns.min())
    seconds = range(int(begin_s), int(end_s))
    events = [
        Event(origin_ns + second * NS_PER_S, EventKind.MACHINE, "cpu", "taken", {"cores": f"{cores}"})
        for second in seconds
    ]
    return replace(history, events=tuple(sorted((*history.events, *events), key=lambda e: e.t_ns)))
