from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.errors import BadInput
from harness.load.dataset import load_dataset, written_vectors
from harness.load.truth import nearest
from harness.plan.specs import DataSpec


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"metric": "HAMMING"}, "unknown metric 'HAMMING'"),
        ({"index": "DISKANN"}, "unknown index 'DISKANN'"),
        ({"rows": 5, "segments": 1}, "k is 10"),
        ({"rows": 0}, "rows is 0"),
        ({"dim": 1}, "dim is 1"),
        ({"segments": 0}, "segments is 0"),
        ({"queries": 0}, "queries is 0"),
        ({"index_params": {"M": 4}}, "IVF_FLAT has no parameter 'M'"),
        ({"search_params": {"nprobe": 129}}, "search_params.nprobe is 129"),
        ({"index": "HNSW", "search_params": {"ef": 9}}, "search_params.ef is 9"),
        ({"index": "FLAT", "search_params": {"nprobe": 1}}, "known are: none"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        DataSpec(**changes)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_parameters_that_are_not_given_are_the_indexs_own() -> None:
    assert DataSpec().index_params == {"nlist": 128}
    assert DataSpec().search_params == {"nprobe": 10}
    assert DataSpec(index="HNSW", index_params={"M": 8}).index_params == {"M": 8, "efConstruction": 200}


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    spec = DataSpec(rows=300, dim=16, queries=20)
    one, again, other = load_dataset(spec, 1), load_dataset(spec, 1), load_dataset(spec, 2)
    assert one.vectors.dtype == one.queries.dtype == np.float32
    assert one.vectors.shape == (300, 16)
    assert one.queries.shape == (20, 16)
    np.testing.assert_array_equal(one.vectors, again.vectors)
    np.testing.assert_array_equal(one.queries, again.queries)
    assert not np.array_equal(one.vectors, other.vectors)


def test_more_of_one_thing_changes_no_other() -> None:
    few, many = DataSpec(rows=300, dim=16, queries=20), DataSpec(rows=300, dim=16, queries=40)
    np.testing.assert_array_equal(load_dataset(few, 1).vectors, load_dataset(many, 1).vectors)


def test_queries_and_inserts_lie_among_the_rows_and_are_none_of_them() -> None:
    spec = DataSpec(rows=5000, queries=50)
    data = load_dataset(spec, 3)
    inserts = written_vectors(spec, data, 50, 3)
    unrelated = load_dataset(spec, 4).queries

    def mean_nearest(vectors: np.ndarray[Any, np.dtype[np.float32]]) -> float:
        return float(nearest(data.vectors, vectors, 1, "L2")[1].mean())

    assert 0 < mean_nearest(data.queries) < 0.95 * mean_nearest(unrelated)
    assert 0 < mean_nearest(inserts) < 0.95 * mean_nearest(unrelated)


def test_own_vectors_from_npy(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).random((50, 4))
    np.save(tmp_path / "mine.npy", vectors)
    spec = DataSpec(rows=40, dim=4, queries=7, segments=2, source=tmp_path / "mine.npy")
    data = load_dataset(spec, 1)
    np.testing.assert_array_equal(data.vectors, vectors[:40].astype(np.float32))
    assert data.queries.shape == (7, 4)
    assert written_vectors(spec, data, 5, 1).shape == (5, 4)
    assert written_vectors(spec, data, 5, 1).dtype == np.float32


def test_own_vectors_and_queries_from_ann_benchmarks(tmp_path: Path) -> None:
    path = tmp_path / "mine.hdf5"
    train, test = np.ones((30, 4), np.float32), np.zeros((9, 4), np.float32)
    with h5py.File(path, "w") as file:
        file["train"], file["test"] = train, test
    data = load_dataset(DataSpec(rows=30, dim=4, queries=9, segments=2, source=path), 1)
    np.testing.assert_array_equal(data.vectors, train)
    np.testing.assert_array_equal(data.queries, test)


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("few.npy", np.ones((20, 4)), "ask for at most 20 rows of dim 4"),
        ("wide.npy", np.ones((40, 5)), "has 40 rows of dim 5, not 40 of dim 4"),
        ("flat.npy", np.ones(40), "has rows of shape (40,)"),
        ("text.npy", np.full((40, 4), "x"), "give numbers"),
        ("holes.npy", np.full((40, 4), np.nan), "not finite"),
    ],
)
def test_a_file_that_does_not_fit_is_told_by_name(tmp_path: Path, name: str, array: Any, says: str) -> None:
    np.save(tmp_path / name, array)
    with pytest.raises(BadInput) as caught:
        load_dataset(DataSpec(rows=40, dim=4, segments=2, source=tmp_path / name), 1)
    assert says in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_foreign_or_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"no numpy")
    (tmp_path / "y.hdf5").write_bytes(b"no hdf5")
    (tmp_path / "z.csv").write_text("1,2")
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["train"] = np.ones((40, 4))
    for name, says in (
        ("none.npy", "no such file"),
        ("x.npy", "cannot be read as .npy"),
        ("y.hdf5", "cannot be read as HDF5"),
        ("z.csv", "unknown ending '.csv'"),
        ("v.h5", "no dataset 'test'"),
    ):
        with pytest.raises(BadInput, match=says):
            load_dataset(DataSpec(rows=40, dim=4, segments=2, source=tmp_path / name), 1)


def test_hdf5_without_h5py_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "y.hdf5").touch()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(BadInput, match=r"milvus-harness\[hdf5\]"):
        load_dataset(DataSpec(rows=40, dim=4, segments=2, source=tmp_path / "y.hdf5"), 1)
