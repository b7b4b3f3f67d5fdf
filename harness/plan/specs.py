"""What a scenario's collection holds and what is offered to it: values, checked as they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from harness.errors import BadInput
from harness.kind import Kind
from harness.value import Pairs, value

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
FLUSH_S = 1.0  # load processes write down what they know this often; at most so much is lost with a killed one


@value
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
    index_params: Annotated[Mapping[str, int], Pairs] = field(default_factory=dict)
    search_params: Annotated[Mapping[str, int], Pairs] = field(default_factory=dict)
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
            _within(f"data, {name}", getattr(self, name), least, most)
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


@value
class TrafficSpec:
    """What is offered: operations per second, rows per insert (a delete takes one insert's rows), the deadline.

    Reads look for what was upserted last, with Strong consistency: how fresh answers can be. Stock searches go
    through pymilvus as it comes: what an application sees, from a process of their own; all others are shared by
    `processes`, each with a connection of its own. The defaults keep a small machine below a tenth of its
    load, give a p99 its 1,000 searches in 20 s, and find a moment of recovery to 0.02 s for searches, 0.2 s for the
    others. Raises BadInput for what cannot be offered.
    """

    search_rate: float = 50.0
    insert_rate: float = 5.0
    delete_rate: float = 1.0
    upsert_rate: float = 2.0
    read_rate: float = 5.0
    stock_rate: float = 5.0
    rows_per_insert: int = 1
    deadline_s: float = 1.0
    processes: int = 1

    def __post_init__(self) -> None:
        for kind in Kind:
            _within(f"traffic, {kind.name.lower()}_rate", self.rates[kind], 0, 100_000)
        _within("traffic, rows_per_insert", self.rows_per_insert, 1, 1000)
        _within("traffic, deadline_s", self.deadline_s, 0.001, 600)
        _within("traffic, processes", self.processes, 1, 64)
        if not self.search_rate and not self.insert_rate:
            raise BadInput(
                "there is no traffic at all",
                where="traffic",
                mend="set search_rate or insert_rate, or give the scenario traffic=None",
            )
        if self.delete_rate > self.insert_rate:
            what = f"delete_rate is {self.delete_rate:g}, but no more than insert_rate, {self.insert_rate:g}, can be"
            raise BadInput(
                what,
                where="traffic, delete_rate",
                mend="a delete takes what one insert wrote: lower it, or raise insert_rate",
            )
        if self.read_rate and not self.upsert_rate:
            raise BadInput("reads have nothing to look for", where="traffic, read_rate", mend="set upsert_rate as well")

    @property
    def rates(self) -> Mapping[Kind, float]:
        """Operations per second of each kind."""
        return {kind: getattr(self, f"{kind.name.lower()}_rate") for kind in Kind}


def _one_of(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise BadInput(f"unknown {name} {given!r}", where=f"data, {name}", mend=f"use one of {', '.join(known)}")


def _within(where: str, number: float, least: float, most: float) -> None:
    if not least <= number <= most:
        name = where.partition(", ")[2]
        told = f"{number:g}" if isinstance(number, float) else number
        raise BadInput(f"{name} is {told}", where=where, mend=f"use a number from {least} to {most}")


def _merged(name: str, index: str, defaults: Mapping[str, int], given: Mapping[str, int]) -> Mapping[str, int]:
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        known = ", ".join(defaults) or "none"
        raise BadInput(f"{index} has no parameter {unknown[0]!r}", where=f"data, {name}", mend=f"known are: {known}")
    for key, number in given.items():
        _within(f"data, {name}.{key}", number, 1, 65_536)
    return MappingProxyType({**defaults, **given})


def _check_search_params(spec: DataSpec) -> None:
    if spec.index == "IVF_FLAT":
        _within("data, search_params.nprobe", spec.search_params["nprobe"], 1, spec.index_params["nlist"])
    if spec.index == "HNSW" and spec.search_params["ef"] < spec.k:
        _within("data, search_params.ef", spec.search_params["ef"], spec.k, 32_768)
