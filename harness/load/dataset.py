"""The rows a collection is filled with and the queries that are asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.load.randomness import generator
from harness.load.vectors import read_vectors
from harness.plan.specs import DataSpec

# How far the clusters' centres lie apart, as a multiple of the rows' own deviation from their centre. Further
# apart, a query's neighbours all lie in one list of the index and recall says nothing (0.7: 0.995); nearer,
# there is no structure to index (0.3: 0.65). Measured in 128 dimensions, 8 segments of 1,250 rows.
_SPREAD = 0.55
# Vectors made from a user's own rows: this share of the rows' deviation is added as noise.
_JITTER = 0.1


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of shape (rows, dim), whose keys are 0 to rows - 1, and queries of shape (q, dim); float32."""

    vectors: NDArray[np.float32]
    queries: NDArray[np.float32]


def load_dataset(spec: DataSpec, seed: int) -> Dataset:
    """Draw or read the rows and queries of a spec. Raises BadInput where the source is missing or does not fit."""
    if spec.source is None:
        return Dataset(_draw(spec, seed, "rows", spec.rows), _draw(spec, seed, "queries", spec.queries))
    found = read_vectors(spec.source, rows=spec.rows, dim=spec.dim, queries=spec.queries)
    queries = _near(found.rows, spec.queries, seed, "queries") if found.queries is None else found.queries
    return Dataset(found.rows, queries)


def written_vectors(spec: DataSpec, dataset: Dataset, count: int, seed: int) -> NDArray[np.float32]:
    """Draw the rows that traffic writes, shape (count, dim), from the distribution of the dataset's rows."""
    if spec.source is None:
        return _draw(spec, seed, "written", count)
    return _near(dataset.vectors, count, seed, "written")


def _draw(spec: DataSpec, seed: int, purpose: str, count: int) -> NDArray[np.float32]:
    """A Gaussian mixture with equal weights and unit deviation; every purpose shares the seed's centres."""
    centres = generator(seed, "centres").standard_normal((spec.clusters, spec.dim), dtype=np.float32) * _SPREAD
    random = generator(seed, purpose)
    vectors = random.standard_normal((count, spec.dim), dtype=np.float32)
    vectors += centres[random.integers(0, spec.clusters, count)]
    return vectors


def _near(rows: NDArray[np.float32], count: int, seed: int, purpose: str) -> NDArray[np.float32]:
    random = generator(seed, purpose)
    picked = rows[random.integers(0, len(rows), count)]
    noise = random.standard_normal(picked.shape, dtype=np.float32)
    return (picked + noise * np.float32(_JITTER * rows.std())).astype(np.float32)
