from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.load import truth
from harness.load.dataset import Dataset, load_dataset, written_vectors
from harness.load.schedule import FIRST_INSERT_KEY, FIRST_UPSERT_KEY, UPSERTED, make_schedule
from harness.load.truth import exact_truth, nearest
from harness.plan.specs import DataSpec, TrafficSpec


def _by_definition(vectors: truth.Floats, queries: truth.Floats, metric: str) -> truth.Floats:
    x, q = vectors.astype(float), queries.astype(float)
    if metric == "L2":
        return np.array([[((a - b) ** 2).sum() for b in x] for a in q], np.float32)
    if metric == "COSINE":
        x, q = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, q))
    negated: truth.Floats = (-(q @ x.T)).astype(np.float32)
    return negated


@given(
    st.sampled_from(["L2", "IP", "COSINE"]),
    st.integers(1, 60),
    st.integers(1, 30),
    st.integers(0, 1000),
    st.sampled_from([0.0, 1000.0]),
)
@settings(max_examples=60, deadline=None)
def test_neighbours_are_those_of_the_definition(metric: str, rows: int, m: int, seed: int, shift: float) -> None:
    random = np.random.default_rng(seed)
    vectors = (random.standard_normal((rows, 5)) + shift).astype(np.float32)
    queries = (random.standard_normal((3, 5)) + shift).astype(np.float32)
    ids, distances = nearest(vectors, queries, m, metric)
    wanted = np.sort(_by_definition(vectors, queries, metric), axis=1)[:, :m]
    np.testing.assert_allclose(distances, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        np.take_along_axis(_by_definition(vectors, queries, metric), ids, 1), distances, rtol=1e-5
    )


def test_many_blocks_give_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    vectors, queries = (random.standard_normal((n, 8), dtype=np.float32) for n in (2000, 20))
    whole = nearest(vectors, queries, 50, "L2")
    monkeypatch.setattr(truth, "_BLOCK", 37)
    for one, other in zip(whole, nearest(vectors, queries, 50, "L2"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_ties_go_to_the_smaller_id() -> None:
    ids, distances = nearest(np.zeros((20, 3), np.float32), np.ones((1, 3), np.float32), 5, "L2")
    assert ids.tolist() == [[0, 1, 2, 3, 4]]
    assert distances.tolist() == [[3.0] * 5]


def _small() -> tuple[DataSpec, Dataset]:
    spec = DataSpec(rows=300, dim=8, queries=6)
    return spec, load_dataset(spec, 1)


def test_truth_covers_rows_and_inserts(tmp_path: Path) -> None:
    spec, data = _small()
    schedule = make_schedule(TrafficSpec(insert_rate=2), 5, spec.queries, 1)
    inserts = written_vectors(spec, data, len(schedule.written_keys), 1)
    found = exact_truth(spec, data, schedule, inserts, tmp_path / "cache")
    assert (found.metric, found.k, found.rows) == ("L2", 10, 300)
    assert found.base_ids.shape == found.base_distances.shape == (6, 100)
    assert found.written_keys.tolist() == list(range(FIRST_UPSERT_KEY, FIRST_INSERT_KEY + 10))
    np.testing.assert_allclose(found.written_distances, _by_definition(inserts, data.queries, "L2"), rtol=1e-6)


def test_neighbours_are_computed_once_for_the_same_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, data = _small()
    schedule = make_schedule(TrafficSpec(insert_rate=0, delete_rate=0), 5, spec.queries, 1)
    least = np.zeros((UPSERTED, 8), np.float32)
    first = exact_truth(spec, data, schedule, least, tmp_path)
    assert first.written_distances.shape == (6, UPSERTED)
    with monkeypatch.context() as patched:
        patched.setattr(truth, "nearest", lambda *_: pytest.fail("not cached"))
        again = exact_truth(spec, data, schedule, least, tmp_path)
    np.testing.assert_array_equal(first.base_distances, again.base_distances)
    changed = Dataset(data.vectors + 1, data.queries)
    other = exact_truth(spec, changed, schedule, least, tmp_path)
    assert not np.array_equal(first.base_distances, other.base_distances)


def test_half_a_cached_file_is_computed_anew(tmp_path: Path) -> None:
    spec, data = _small()
    schedule = make_schedule(TrafficSpec(insert_rate=0, delete_rate=0), 5, spec.queries, 1)
    least = np.zeros((UPSERTED, 8), np.float32)
    first = exact_truth(spec, data, schedule, least, tmp_path)
    (cached,) = tmp_path.iterdir()
    cached.write_bytes(cached.read_bytes()[:100])
    np.testing.assert_array_equal(exact_truth(spec, data, schedule, least, tmp_path).base_ids, first.base_ids)


def test_every_scheduled_insert_needs_its_vector(tmp_path: Path) -> None:
    spec, data = _small()
    schedule = make_schedule(TrafficSpec(), 5, spec.queries, 1)
    with pytest.raises(BadInput, match="vectors for"):
        exact_truth(spec, data, schedule, data.vectors[:1], tmp_path)
