"""Exact neighbours of the queries, computed once per dataset and cached.

numpy, not faiss: a matrix product in blocks with a running threshold takes a third of the time of faiss's flat
index (200 queries, 100 nearest of 200,000 x 128), agrees with it in every neighbour, and is a dependency already.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.history import Truth
from harness.load.dataset import Dataset
from harness.load.schedule import Schedule
from harness.plan.specs import DataSpec

NEIGHBOURS = 100  # kept per query, so that a check can leave rows out and still know the k nearest
_BLOCK = 8192  # rows a block: 200 queries x 8192 rows are 6 MB
_SLACK = 16  # candidates kept beyond those asked for: float32 products may swap near ties
_FORMAT = 1  # part of the cache's key: raise it when the way of computing changes

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Float = TypeVar("Float", np.float32, np.float64)


def exact_truth(spec: DataSpec, dataset: Dataset, schedule: Schedule, written: Floats, cache: Path) -> Truth:
    """Return the nearest loaded rows of every query, and its distance to every row the schedule may insert.

    `written` has shape (w, dim), one row per key of `schedule.written_keys`. `cache` is a folder, made on demand.
    """
    keys = schedule.written_keys
    if len(written) != len(keys):
        what = f"{len(written)} vectors for {len(keys)} keys to be written"
        raise BadInput(what, where="written", mend="draw exactly one per key")
    ids, distances = _cached_neighbours(spec, dataset, cache)
    return Truth(
        metric=spec.metric,
        k=spec.k,
        rows=len(dataset.vectors),
        base_ids=ids,
        base_distances=distances,
        written_keys=keys,
        written_distances=_exact_all(dataset.queries, written, spec.metric),
    )


def nearest(vectors: Floats, queries: Floats, m: int, metric: str) -> tuple[Ints, Floats]:
    """Return ids and distances, both of shape (q, m), nearest first; ties go to the smaller id.

    L2 is squared as Milvus returns it; IP and COSINE are negated, so that smaller is nearer.
    """
    m = min(m, len(vectors))
    enough = min(m + _SLACK, len(vectors))
    candidates = _candidates(_prepared(vectors, metric), _prepared(queries, metric), enough, metric)
    exact = np.stack([_exact(q, vectors[ids], metric) for q, ids in zip(queries, candidates, strict=True)])
    order = np.lexsort((candidates, exact), axis=1)[:, :m]
    return np.take_along_axis(candidates, order, 1), np.take_along_axis(exact, order, 1).astype(np.float32)


def _candidates(vectors: Floats, queries: Floats, n: int, metric: str) -> Ints:
    """Keep a running list of the n nearest; a block adds only what beats the worst of them."""
    ids = np.zeros((len(queries), 0), np.int64)
    best = np.zeros((len(queries), 0), np.float32)
    for begin in range(0, len(vectors), _BLOCK):
        block = _products(queries, vectors[begin : begin + _BLOCK], metric)
        full = best.shape[1] == n
        new_ids, new = _beating(block, best.max(axis=1, keepdims=True)) if full else _all_of(block)
        ids = np.concatenate([ids, np.where(np.isinf(new), 0, new_ids + begin)], axis=1)
        best = np.concatenate([best, new], axis=1)
        if best.shape[1] > n:
            kept = np.argpartition(best, n - 1, axis=1)[:, :n]
            ids, best = np.take_along_axis(ids, kept, 1), np.take_along_axis(best, kept, 1)
    return ids


def _all_of(block: Floats) -> tuple[Ints, Floats]:
    return np.broadcast_to(np.arange(block.shape[1]), block.shape), block


def _beating(block: Floats, worst: Floats) -> tuple[Ints, Floats]:
    """The columns below each row's limit, as (q, widest), padded with inf."""
    rows, columns = np.nonzero(block < worst)
    counts = np.bincount(rows, minlength=len(block))
    slots = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    ids = np.zeros((len(block), int(counts.max(initial=0))), np.int64)
    values = np.full(ids.shape, np.inf, np.float32)
    ids[rows, slots], values[rows, slots] = columns, block[rows, columns]
    return ids, values


def _products(queries: Floats, rows: Floats, metric: str) -> Floats:
    """Distances up to a constant per query, good enough to choose candidates by."""
    with np.errstate(invalid="ignore"):  # OpenBLAS may compute with what lies past a row's end, and not use it
        products = queries @ rows.T
    return np.square(rows).sum(axis=1) - 2 * products if metric == "L2" else -products


def _prepared(vectors: Floats, metric: str) -> Floats:
    return _unit(vectors) if metric == "COSINE" else vectors


def _unit(vectors: NDArray[Float]) -> NDArray[Float]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: NDArray[Float] = (vectors / np.where(lengths == 0, 1, lengths)).astype(vectors.dtype)
    return units


def _exact(query: Floats, rows: Floats, metric: str) -> NDArray[np.float64]:
    """Distances in float64, without the cancellation of |a|^2 - 2ab + |b|^2."""
    q, x = query.astype(np.float64), rows.astype(np.float64)
    if metric == "L2":
        difference = x - q
        squared: NDArray[np.float64] = np.einsum("ij,ij->i", difference, difference)
        return squared
    if metric == "COSINE":
        q, x = _unit(q), _unit(x)
    negated: NDArray[np.float64] = -(x @ q)
    return negated


def _exact_all(queries: Floats, rows: Floats, metric: str) -> Floats:
    return np.stack([_exact(query, rows, metric) for query in queries]).astype(np.float32)


def _cached_neighbours(spec: DataSpec, dataset: Dataset, cache: Path) -> tuple[Ints, Floats]:
    path = cache / f"truth-{_content_hash(spec, dataset)}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return found["ids"], found["distances"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # not there, or half of it: computed anew
    m = max(NEIGHBOURS, spec.k)
    ids, distances = nearest(dataset.vectors, dataset.queries, m, spec.metric)
    cache.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
    np.savez(half, ids=ids, distances=distances)
    half.replace(path)  # at once, so that two runs sharing the cache never see half a file
    return ids, distances


def _content_hash(spec: DataSpec, dataset: Dataset) -> str:
    digest = hashlib.sha256(f"{_FORMAT} {spec.metric} {spec.k} {dataset.vectors.shape}".encode())
    for array in (dataset.vectors, dataset.queries):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]
