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
    Offered,
    Operations,
    Readback,
    Result,
    Truth,
)
from harness.kind import SEARCHES, WRITES, Kind

Mask = NDArray[np.bool_]
ALL = tuple(Kind)
_SPREAD = (0.0, 0.001, 0.45, 0.002, 0.303, 0.004)  # of the kinds' first operations, in seconds
_UPSERTED = 4


@dataclass(frozen=True)
class Recipe:
    """What healthy traffic looks like. Every insert writes one row; every fifth is deleted half a second later.

    Upserts take the four rows above the loaded ones in turn, reads the newest of them.
    """

    origin_s: float = 1000.0
    steady_s: float = 40.0
    fault_s: float = 5.0
    observe_s: float = 60.0
    search_rate: float = 50.0
    insert_rate: float = 10.0
    delete_rate: float = 2.0
    upsert_rate: float = 0.0
    read_rate: float = 0.0
    stock_rate: float = 0.0
    rows: int = 1000
    k: int = 10
    queries: int = 20
    latency_ms: float = 5.0
    faulted: bool = True

    @property
    def end_s(self) -> float:
        return self.steady_s + (self.fault_s if self.faulted else 0.0) + self.observe_s

    @property
    def rates(self) -> dict[Kind, float]:
        return {kind: getattr(self, f"{kind.name.lower()}_rate") for kind in Kind}

    @property
    def first_insert(self) -> int:
        """The first key that is inserted."""
        return self.rows + (_UPSERTED if self.upsert_rate else 0)

    def at(self, second: float) -> int:
        """Return the monotonic time of a second of this recipe."""
        return round((self.origin_s + second) * NS_PER_S)


def healthy(recipe: Recipe = Recipe()) -> History:
    truth = make_truth(recipe)
    traffic = Offered(recipe.rates, 1, recipe.k, NS_PER_S)
    operations = make_operations(recipe, truth)
    keys, versions = left_over(operations, recipe.rows)
    reads = tuple(Readback(recipe.at(recipe.end_s + wait), keys, versions, len(keys)) for wait in (2.0, 12.5))
    return History(operations, make_events(recipe), truth, reads, traffic, complete=True)


def make_truth(recipe: Recipe) -> Truth:
    """Query i's neighbours are i*20, i*20 + 1, ... at distances 1, 2, ...; inserted rows are far from all."""
    m = 2 * recipe.k
    base = np.arange(recipe.queries)[:, None] * m % recipe.rows + np.arange(m)
    written = round(recipe.insert_rate * recipe.end_s) + recipe.first_insert - recipe.rows
    return Truth(
        metric="L2",
        k=recipe.k,
        rows=recipe.rows,
        base_ids=base.astype(np.int64) % recipe.rows,
        base_distances=np.tile(np.arange(1, m + 1, dtype=np.float32), (recipe.queries, 1)),
        written_keys=np.arange(recipe.rows, recipe.rows + written),
        written_distances=np.full((recipe.queries, written), 1e6, dtype=np.float32),
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

    of_kind = [times(recipe.rates[kind], _SPREAD[kind]) for kind in Kind]
    kind = np.repeat(np.array(ALL, dtype=np.uint8), [len(t) for t in of_kind])
    intended, n = np.concatenate(of_kind), len(kind)
    key, version = _written(recipe, of_kind)
    searched = np.isin(kind, SEARCHES)
    query = np.where(searched, np.concatenate([np.arange(len(t)) for t in of_kind]) % recipe.queries, -1)
    hits = np.where(searched[:, None], truth.base_ids[query, : recipe.k], -1)
    distances = np.where(searched[:, None], truth.base_distances[query, : recipe.k], np.nan)
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
        hits=hits[order].astype(np.int64),
        distances=distances[order].astype(np.float32),
        key=key[order],
        key_count=(~searched)[order].astype(np.int32),
        version=version[order],
        error=np.full(n, "", dtype="U16"),
    )


def _written(recipe: Recipe, times: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the key and the version of every operation, kind after kind."""
    each = round(recipe.insert_rate / recipe.delete_rate) if recipe.delete_rate else 1
    inserts, deletes, upserts = (np.arange(len(times[kind])) for kind in (Kind.INSERT, Kind.DELETE, Kind.UPSERT))
    newest = np.searchsorted(times[Kind.UPSERT], times[Kind.READ]) - 1
    none = {kind: np.full(len(times[kind]), -1) for kind in Kind}
    keys = none | {
        Kind.INSERT: recipe.first_insert + inserts,
        Kind.DELETE: recipe.first_insert + deletes * each,
        Kind.UPSERT: recipe.rows + upserts % _UPSERTED,
        Kind.READ: recipe.rows + newest % _UPSERTED,
    }
    versions = none | {
        Kind.INSERT: np.ones(len(inserts)),
        Kind.UPSERT: upserts // _UPSERTED + 1,
        Kind.READ: newest // _UPSERTED + 1,
    }
    joined = (np.concatenate([of[kind] for kind in Kind]).astype(np.int64) for of in (keys, versions))
    key, version = joined
    return key, version


def left_over(operations: Operations, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the keys and versions that a cluster which did as it said has: counted one by one, by other code."""
    there = dict.fromkeys(range(rows), 1)
    done = zip(operations.kind, operations.outcome, operations.key, operations.version, strict=True)
    for kind, outcome, key, version in done:
        if outcome == Result.OK and kind in (Kind.INSERT, Kind.UPSERT):
            there[int(key)] = int(version)
        elif outcome == Result.OK and kind == Kind.DELETE:
            there.pop(int(key), None)
    keys = sorted(there)
    return np.array(keys, dtype=np.int64), np.array([there[key] for key in keys], dtype=np.int32)


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
    outcome = np.where(np.isin(operations.kind, WRITES), Result.UNKNOWN, Result.FAIL)
    late = operations.intended_ns + history.traffic.deadline_ns
    return edit(
        history, mask, outcome=outcome[mask], done_ns=late[mask], hits=-1, distances=np.nan, error="UNAVAILABLE"
    )


def outage(history: History, begin_s: float, end_s: float, kinds: Iterable[Kind] = ALL) -> History:
    return unanswered(history, within(history, begin_s, end_s, kinds))


def never_sent(history: History, mask: Mask) -> History:
    return edit(history, mask, outcome=Result.NEVER_SENT, sent_ns=-1, done_ns=-1, hits=-1, distances=np.nan)


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
        keys, versions = read.keys, read.versions
        if only in (None, number):
            kept = ~np.isin(keys, list(without))
            keys = np.append(keys[kept], np.array(list(plus), dtype=np.int64))
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            versions = np.append(versions[kept], np.ones(len(keys) - int(kept.sum()), np.int32))[order]
        reads.append(replace(read, keys=keys, versions=versions, count=len(keys)))
    return replace(history, readbacks=tuple(reads))


def reversion(history: History, key: int, version: int, *, only: int | None = None) -> History:
    """Read a key at another version, in both reads or in `only` one (0 or 1)."""
    reads = [
        replace(read, versions=np.where(read.keys == key, version, read.versions).astype(np.int32))
        if only in (None, number)
        else read
        for number, read in enumerate(history.readbacks)
    ]
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


def taken(history: History, begin_s: float, end_s: float, cores: float, stolen: float = 0.0, **more: str) -> History:
    """Have others take so many cores of the machine, some of them the host below it, and what `more` says be told."""
    origin_ns = int(history.operations.intended_ns.min())
    seconds = range(int(begin_s), int(end_s))
    events = [
        Event(
            origin_ns + second * NS_PER_S,
            EventKind.MACHINE,
            "cpu",
            "taken",
            {"cores": f"{cores}", "stolen": f"{stolen}", **more},
        )
        for second in seconds
    ]
    return replace(history, events=tuple(sorted((*history.events, *events), key=lambda e: e.t_ns)))
