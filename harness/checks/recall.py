"""Recall@k of every search against exact truth, and which answers are worse than the index's own approximation.

Source: ann-benchmarks, which takes a hit by its distance too, so that neighbours as near as each other count alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.checks.content import answered, chunks
from harness.checks.keys import FOREVER, Lives, distinct
from harness.checks.latency import nearest_rank
from harness.history import Operations, Truth

# How many distances are compared at once: bounds the memory.
CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Rivals:
    """Inserted rows that come nearer to a query than its k-th loaded row; (q, c) each, padded with inf.

    Only they can change what a query's exact answer is.
    """

    count: NDArray[np.int64]
    distance: NDArray[np.float32]
    must_from_ns: NDArray[np.int64]
    must_until_ns: NDArray[np.int64]


def recall_at_k(operations: Operations, truth: Truth, lives: Lives, *, tolerance: float) -> NDArray[np.float64]:
    """Return the recall@k of each answered search, NaN elsewhere; shape (n,).

    The share of hits whose exact distance is at most the exact k-th distance (plus a relative tolerance: equal
    distances are equally right) over the rows that must be found then: the loaded ones, and those inserted long
    enough before and not being deleted (docs/measuring.md: recall@k). A hit is measured by its key, never by the
    distance that the server reported.
    """
    recall = np.full(len(operations), math.nan)
    known = answered(operations) & (operations.query >= 0) & (operations.query < len(truth.base_ids))
    loaded = _loaded(truth)
    rivals = _rivals(truth, lives, loaded)
    width = truth.k + rivals.distance.shape[1]
    # A query is mostly answered as it was the last time: so query by query, and only what is new is looked at.
    asked = np.flatnonzero(known)
    asked = asked[np.argsort(operations.query[asked], kind="stable")]
    for at in chunks(asked, max(1, CELLS // max(1, width))):
        query, hits = operations.query[at], operations.hits[at]
        bar, needed = _bar(query, operations.sent_ns[at], operations.done_ns[at], loaded, rivals, tolerance=tolerance)
        new = _changes(query) | _changes(bar) | _changes(hits)
        asked_new, hits_new, bar_new = query[new], hits[new], bar[new]
        found = _near_loaded(asked_new, hits_new, bar_new, truth) + _near_inserted(asked_new, hits_new, bar_new, truth)
        found = found[np.cumsum(new) - 1]
        recall[at] = np.where(needed > 0, np.minimum(found, needed) / np.maximum(needed, 1), math.nan)
    return recall


def _changes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows differ from the one before; the first one does."""
    differs = values[1:] != values[:-1]
    return np.concatenate(([True], differs.any(axis=1) if values.ndim > 1 else differs))


def _loaded(truth: Truth) -> NDArray[np.float32]:
    """Return each query's k nearest loaded distances, inf where fewer rows were loaded; shape (q, k)."""
    out = np.full((len(truth.base_ids), truth.k), np.inf, dtype=np.float32)
    kept = min(truth.k, truth.base_distances.shape[1])
    out[:, :kept] = truth.base_distances[:, :kept]
    return out


def _rivals(truth: Truth, lives: Lives, loaded: NDArray[np.float32]) -> Rivals:
    from_ns = np.full(len(truth.written_keys), FOREVER, dtype=np.int64)
    until_ns = np.full(len(truth.written_keys), FOREVER, dtype=np.int64)
    _, here, there = np.intersect1d(truth.written_keys, lives.keys, assume_unique=True, return_indices=True)
    from_ns[here], until_ns[here] = lives.must_from_ns[there], lives.must_until_ns[there]
    nearer = (truth.written_distances < loaded[:, -1:]) & (from_ns < FOREVER)
    query, column = np.nonzero(nearer)
    count = np.bincount(query, minlength=len(loaded))
    slot = np.arange(len(query)) - np.repeat(np.cumsum(count) - count, count)
    shape = (len(loaded), int(count.max(initial=0)))
    distance = np.full(shape, np.inf, dtype=np.float32)
    must_from = np.full(shape, FOREVER, dtype=np.int64)
    must_until = np.full(shape, FOREVER, dtype=np.int64)
    distance[query, slot] = truth.written_distances[query, column]
    must_from[query, slot], must_until[query, slot] = from_ns[column], until_ns[column]
    return Rivals(count, distance, must_from, must_until)


def _bar(
    query: NDArray[np.int32],
    sent_ns: NDArray[np.int64],
    done_ns: NDArray[np.int64],
    loaded: NDArray[np.float32],
    rivals: Rivals,
    *,
    tolerance: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distance within which a hit is right, and how many such hits there must be; (n,) each."""
    kth = loaded[query, -1].astype(np.float64)
    needed = np.isfinite(loaded).sum(axis=1)[query]
    mixed = np.flatnonzero(rivals.count[query] > 0)
    if len(mixed):
        asked = query[mixed]
        there = rivals.must_from_ns[asked] <= sent_ns[mixed, None]
        there &= rivals.must_until_ns[asked] >= done_ns[mixed, None]
        inserted = np.where(there, rivals.distance[asked], np.float32(np.inf))
        both = np.concatenate([loaded[asked], inserted], axis=1)
        last = loaded.shape[1] - 1
        kth[mixed] = np.partition(both, last, axis=1)[:, last]
        needed[mixed] = np.minimum(loaded.shape[1], np.isfinite(both).sum(axis=1))
    # Distances of IP and COSINE are negative: the tolerance widens the bar whatever its sign.
    return kth + np.abs(kth) * tolerance, needed


def _near_loaded(
    query: NDArray[np.int32], hits: NDArray[np.int64], bar: NDArray[np.float64], truth: Truth
) -> NDArray[np.int64]:
    """Count each search's hits among the loaded rows within its bar, each key once; shape (n,).

    Truth lists loaded rows nearest first, and inserts only bring the bar nearer: so the columns beyond the widest
    bar need no look. A loaded row that truth does not list is farther than the k-th.
    """
    found = np.zeros(len(query), dtype=np.int64)
    for column in range(truth.base_ids.shape[1]):
        near = truth.base_distances[query, column] <= bar
        if not near.any():
            break
        found += near & (hits == truth.base_ids[query, column][:, None]).any(axis=1)
    return found


def _near_inserted(
    query: NDArray[np.int32], hits: NDArray[np.int64], bar: NDArray[np.float64], truth: Truth
) -> NDArray[np.int64]:
    """Count each search's hits among the inserted rows within its bar, each key once; shape (n,)."""
    found = np.zeros(len(query), dtype=np.int64)
    if not len(truth.written_keys):
        return found
    row, column = np.nonzero(hits >= truth.rows)
    key = hits[row, column]
    at = np.minimum(np.searchsorted(truth.written_keys, key), len(truth.written_keys) - 1)
    near = (truth.written_keys[at] == key) & (truth.written_distances[query[row], at] <= bar[row])
    once = distinct(row[near] * len(truth.written_keys) + at[near])
    np.add.at(found, once // len(truth.written_keys), 1)
    return found


def own_recall(query: NDArray[np.int32], recall: NDArray[np.float64], queries: int) -> NDArray[np.float64]:
    """Return each query's median recall over the given searches (steady ones); shape (queries,).

    This is the index's own approximation, set apart from what a fault does (docs/measuring.md: two figures). A
    query never asked takes the median of all; NaN where nothing was measured.
    """
    measured = ~np.isnan(recall)
    query, recall = query[measured], recall[measured]
    if not len(recall):
        return np.full(queries, math.nan)
    own = np.full(queries, np.sort(recall)[nearest_rank(len(recall), 500) - 1])
    order = np.lexsort((recall, query))
    asked, starts, counts = np.unique(query[order], return_index=True, return_counts=True)
    own[asked] = recall[order][starts + np.maximum(1, -(-counts // 2)) - 1]
    return own


def wrong_answers(
    query: NDArray[np.int32], recall: NDArray[np.float64], own: NDArray[np.float64], *, drop: float
) -> NDArray[np.bool_]:
    """Return the answers whose recall is more than `drop` below their query's own; shape (n,).

    Unanswered searches are bad, not wrong. The guard keeps 0.8 from being "more than 0.1 below" 0.9.
    """
    if not len(own):
        return np.zeros(len(query), dtype=np.bool_)
    return recall < own[np.clip(query, 0, len(own) - 1)] - drop - 1e-9


def mean_recall(recall: NDArray[np.float64]) -> float:
    """Return the mean over the answered searches, NaN of none."""
    measured = recall[~np.isnan(recall)]
    return float(measured.mean()) if len(measured) else math.nan
