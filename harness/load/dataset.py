"""The rows a collection is filled with and the queries that are asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.load.randomness import generator
from harness.load.vectors import read_vectors

METRICS = ("L2", "IP", "COSINE")
# Milvus's documented starting values; nlist and nprobe are also pymilvus's examples for small segments.
_BUILD_DEFAULTS: Mapping[str, Mapping[str, int]] = {
    "IVF_FLAT": {"nlist": 128},
    "HNSW": {"M": 16, "efConstruction": 200},
    "FLAT": {},
}
_SEARCH_DEFAULTS: Mapping[str, Mapping[str, int]] = {"IVF_FLAT": {"nprobe": 10}, "HNSW": {"ef": 64}, "FLAT": {}}
MAX_K = 16_384  # Milvus's own limit on a search (quotaAndLimits.limits.topK)
MAX_DIM = 32_768  # Milvus's own limit on a vector (proxy.maxDimension)
# How far the clusters' centres lie apart, as a multiple of the rows' own deviation from their centre. Further
# apart, a query's neighbours all lie in one list of the index and recall says nothing (0.7: 0.995); nearer,
# there is no structure to index (0.3: 0.65). Measured in 128 dimensions, 8 segments of 1,250 rows.
_SPREAD = 0.55
# Vectors made from a user's own rows: this share of the rows' deviation is added as noise.
_JITTER = 0.1


@dataclass(frozen=True)
class DataSpec:
    """What is in the collection and how it is asked. Raises BadInput for what does not fit together.

    `index_params` and `search_params` need only name what differs from the index's defaults. `clusters` is the
    number of centres the rows are drawn around, `segments` the number of partitions, so of sealed segments at
    least. With a `source` (.npy of shape (n, dim), or HDF5 in ann-benchmarks' layout: `train` and `test`) the
    first `rows` vectors of that file are the data, and `clusters` is not used.
    """

    rows: int = 10_000
    dim: int = 128
    metric: str = "L2"
    index: str = "IVF_FLAT"
    index_params: Mapping[str, int] = field(default_factory=dict)
    search_params: Mapping[str, int] = field(default_factory=dict)
    queries: int = 200
    k: int = 10
    clusters: int = 64
    segments: int = 8
    source: Path | None = None

    def __post_init__(self) -> None:
        _one_of("metric", self.metric, METRICS)
        _one_of("index", self.index, tuple(_BUILD_DEFAULTS))
        for name in ("index_params", "search_params"):
            defaults = (_BUILD_DEFAULTS if name == "index_params" else _SEARCH_DEFAULTS)[self.index]
            object.__setattr__(self, name, _merged(name, self.index, defaults, getattr(self, name)))
        for name, least, most in self._bounds():
            _within(name, getattr(self, name), least, most)
        _check_search_params(self)

    def _bounds(self) -> tuple[tuple[str, int, int], ...]:
        return (
            ("rows", 1, 999_999_999),  # inserts of the traffic take the keys above
            ("dim", 2, MAX_DIM),
            ("queries", 1, 1_000_000),
            ("k", 1, min(self.rows, MAX_K)),
            ("clusters", 1, 1_000_000),
            ("segments", 1, min(self.rows, 1024)),
        )


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


def insert_vectors(spec: DataSpec, dataset: Dataset, count: int, seed: int) -> NDArray[np.float32]:
    """Draw the rows that traffic inserts, shape (count, dim), from the distribution of the dataset's rows."""
    if spec.source is None:
        return _draw(spec, seed, "inserts", count)
    return _near(dataset.vectors, count, seed, "inserts")


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


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadInput(f"unknown {name} {value!r}", where=f"data, {name}", mend=f"use one of {', '.join(known)}")


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadInput(f"{name} is {value}", where=f"data, {name}", mend=f"use a number from {least} to {most}")


def _merged(name: str, index: str, defaults: Mapping[str, int], given: Mapping[str, int]) -> Mapping[str, int]:
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        known = ", ".join(defaults) or "none"
        raise BadInput(f"{index} has no parameter {unknown[0]!r}", where=f"data, {name}", mend=f"known are: {known}")
    for key, value in given.items():
        _within(f"{name}.{key}", value, 1, 65_536)
    return MappingProxyType({**defaults, **given})


def _check_search_params(spec: DataSpec) -> None:
    if spec.index == "IVF_FLAT":
        _within("search_params.nprobe", spec.search_params["nprobe"], 1, spec.index_params["nlist"])
    if spec.index == "HNSW" and spec.search_params["ef"] < spec.k:
        _within("search_params.ef", spec.search_params["ef"], spec.k, 32_768)
