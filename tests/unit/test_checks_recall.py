import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.answers import answers
from harness.checks.keys import key_times, lives
from harness.checks.recall import mean_recall, own_recall, recall_at_k, wrong_answers
from harness.checks.recovery import wrong_s
from harness.checks.thresholds import DEFAULT
from harness.history import NS_PER_S, History, Result
from harness.kind import Kind
from tests.unit.builders import Recipe, edit, healthy, outage, recall_drop, short_answers, within

RECIPE = Recipe(steady_s=20, observe_s=20)
HISTORY = healthy(RECIPE)


def recall_of(history: History, second: float) -> float:
    """Return the recall of the first search from this second on."""
    at = np.flatnonzero(within(history, second, second + 1, [Kind.SEARCH]))[0]
    return float(answers(history, DEFAULT).recall[at])


@pytest.mark.parametrize("missed", [0, 1, 5, 10])
def test_recall_is_the_share_of_true_neighbours(missed: int) -> None:
    recall = answers(recall_drop(HISTORY, 25, 30, missed), DEFAULT).recall
    assert recall[within(HISTORY, 25, 30, [Kind.SEARCH])].tolist() == pytest.approx([1 - missed / 10] * 250)
    assert mean_recall(recall[within(HISTORY, 0, 25)]) == 1.0


def test_what_was_not_answered_has_no_recall_and_what_was_answered_with_nothing_has_none_of_it() -> None:
    assert math.isnan(recall_of(outage(HISTORY, 25, 30), 25))
    assert recall_of(short_answers(HISTORY, 25, 30, 0), 25) == 0.0
    assert recall_of(short_answers(HISTORY, 25, 30, 4), 25) == 0.4


def test_a_hit_counts_once() -> None:
    mask = within(HISTORY, 25, 26, [Kind.SEARCH])
    hits = np.repeat(HISTORY.operations.hits[mask][:, :1], 10, axis=1)
    assert recall_of(edit(HISTORY, mask, hits=hits), 25) == 0.1


def insert_at(history: History, key: int, distance: float) -> History:
    """Put one inserted row this near to every query."""
    distances = history.truth.written_distances.copy()
    distances[:, key - history.truth.rows] = distance
    return replace(history, truth=replace(history.truth, written_distances=distances))


def test_an_inserted_row_must_be_found_once_it_is_certain() -> None:
    # Key 1101 is acknowledged at 10.1 s and must be found 5 s later; nobody ever finds it here.
    history = insert_at(HISTORY, 1101, 0.5)
    assert [recall_of(history, s) for s in (5, 10.5, 15.0, 15.2, 30)] == [1, 1, 1, 0.9, 0.9]


def test_an_inserted_row_that_is_found_counts_also_before_it_must_be() -> None:
    history = insert_at(HISTORY, 1101, 0.5)
    mask = within(history, 12, 20, [Kind.SEARCH])
    hits = np.roll(history.operations.hits[mask], 1, axis=1)
    hits[:, 0] = 1101
    found = edit(history, mask, hits=hits)
    assert [recall_of(found, s) for s in (12, 19)] == [1.0, 1.0]


def test_a_row_being_deleted_need_not_be_found() -> None:
    # Key 1100 is inserted at 10.001 s and deleted at 10.45 s.
    assert {recall_of(insert_at(HISTORY, 1100, 0.5), s) for s in (10.2, 12, 15.2, 30)} == {1.0}


@pytest.mark.parametrize("outcome", [Result.UNKNOWN, Result.FAIL, Result.NEVER_SENT])
def test_a_row_without_an_acknowledgement_need_not_be_found(outcome: Result) -> None:
    written = HISTORY.operations.key == 1101
    assert recall_of(edit(insert_at(HISTORY, 1101, 0.5), written, outcome=outcome), 30) == 1.0


def test_equal_distances_are_equally_right_also_where_they_are_negative() -> None:
    for sign in (1, -1):
        base = HISTORY.truth.base_distances * sign - (100 if sign < 0 else 0)
        ascending = np.sort(base, axis=1)
        # The eleventh is as near as the tenth, but for a rounding.
        ascending[:, 10] = ascending[:, 9] + np.abs(ascending[:, 9]) * 5e-5
        history = replace(HISTORY, truth=replace(HISTORY.truth, base_distances=ascending))
        mask = within(history, 25, 26, [Kind.SEARCH])
        hits = history.operations.hits[mask].copy()
        hits[:, 9] = history.truth.base_ids[history.operations.query[mask], 10]
        assert recall_of(edit(history, mask, hits=hits), 25) == 1.0
        hits[:, 9] = history.truth.base_ids[history.operations.query[mask], 11]
        assert recall_of(edit(history, mask, hits=hits), 25) == 0.9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 5.0]))
def test_recall_is_that_found_search_by_search(seed: int, staleness_s: float) -> None:
    history = random_history(np.random.default_rng(seed))
    operations, truth = history.operations, history.truth
    live = lives(key_times(operations, truth.rows), round(staleness_s * NS_PER_S))
    found = recall_at_k(operations, truth, live, tolerance=1e-4)
    for at in np.flatnonzero(operations.kind == Kind.SEARCH):
        assert found[at] == pytest.approx(naive_recall(history, int(at), round(staleness_s * NS_PER_S)))


def random_history(rng: np.random.Generator) -> History:
    """Neighbours and hits at random, and inserted rows as near as loaded ones."""
    history = healthy(
        Recipe(steady_s=10, observe_s=0, fault_s=0, search_rate=2, insert_rate=4, rows=60, queries=4, k=5)
    )
    n, rows, writes = len(history.operations), 60, len(history.truth.written_keys)
    distances = rng.integers(0, 40, (4, rows)).astype(np.float32) - 20
    order = np.argsort(distances, axis=1, kind="stable")[:, :12]
    truth = replace(
        history.truth,
        base_ids=order,
        base_distances=np.take_along_axis(distances, order, axis=1),
        written_distances=rng.integers(-20, 60, (4, writes)).astype(np.float32),
    )
    operations = replace(
        history.operations,
        hits=np.where(rng.random((n, 5)) < 0.7, rng.integers(0, 60, (n, 5)), rng.integers(60, 100, (n, 5))),
        outcome=np.where((history.operations.kind != Kind.SEARCH) & (rng.random(n) < 0.2), 2, 0).astype(np.uint8),
    )
    return replace(history, truth=truth, operations=operations)


def naive_recall(history: History, at: int, staleness_ns: int) -> float:
    """One search, one key at a time."""
    operations, truth = history.operations, history.truth
    query, sent, done = int(operations.query[at]), operations.sent_ns[at], operations.done_ns[at]
    near = dict(zip(truth.base_ids[query].tolist(), truth.base_distances[query].tolist(), strict=True))
    exact = dict(near)
    for column, key in enumerate(truth.written_keys.tolist()):
        near[key] = float(truth.written_distances[query, column])
        acked = any_of(history, Kind.INSERT, key, (0,), lambda o, i: o.done_ns[i] + staleness_ns <= sent)
        deleted = any_of(history, Kind.DELETE, key, (0, 2), lambda o, i: o.sent_ns[i] < done)
        if acked and not deleted:
            exact[key] = near[key]
    kth = sorted(exact.values())[4]
    right: int = sum(near.get(int(h), math.inf) <= kth + abs(kth) * 1e-4 for h in set(operations.hits[at].tolist()))
    return right / 5


def any_of(history: History, kind: Kind, key: int, outcomes: tuple[int, ...], when) -> bool:  # type: ignore[no-untyped-def]  # a test's lambda
    o = history.operations
    at = np.flatnonzero((o.kind == kind) & (o.key == key) & np.isin(o.outcome, outcomes))
    return any(bool(when(o, i)) for i in at)


def test_a_query_is_held_to_its_own_approximation() -> None:
    own = own_recall(np.array([0, 0, 0, 2, 2]), np.array([0.5, 0.6, 1.0, 0.9, math.nan]), 3)
    assert own.tolist() == [0.6, 0.6, 0.9]  # query 1 was never asked: the median of all
    query, recall = np.array([0, 0, 2, 2, 2]), np.array([0.5, 0.4, 0.8, 0.7, math.nan])
    assert wrong_answers(query, recall, own, drop=0.1).tolist() == [False, True, False, True, False]


def test_without_a_steady_state_nothing_is_called_wrong() -> None:
    own = own_recall(np.array([], dtype=np.int32), np.array([]), 2)
    assert np.isnan(own).all()
    assert not wrong_answers(np.array([0, 1]), np.array([0.0, 0.5]), own, drop=0.1).any()


@pytest.mark.parametrize(("missed", "expected"), [(0, 0.0), (1, 0.0), (2, 5.0), (10, 5.0)])
def test_wrong_seconds_are_those_with_answers_clearly_worse_than_before(missed: int, expected: float) -> None:
    history = recall_drop(HISTORY, 25, 30, missed)
    searches = answers(history, DEFAULT).stream(Kind.SEARCH)
    assert wrong_s(searches, RECIPE.at(20), RECIPE.at(45), DEFAULT) == (expected, 25)


def test_what_a_query_had_in_the_steady_state_is_what_it_is_held_to_however_long_it_is_worse() -> None:
    history = recall_drop(HISTORY, 20, 45, 5)
    searches = answers(history, DEFAULT).stream(Kind.SEARCH)
    assert wrong_s(searches, RECIPE.at(20), RECIPE.at(45), DEFAULT)[0] == 25.0
    better = recall_drop(HISTORY, 0, 20, 5)
    assert not answers(better, DEFAULT).wrong.any()


def test_one_wrong_answer_makes_no_wrong_second() -> None:
    history = recall_drop(HISTORY, 25, 25.03, 5)
    searches = answers(history, DEFAULT).stream(Kind.SEARCH)
    assert searches.wrong.sum() == 2
    assert wrong_s(searches, RECIPE.at(20), RECIPE.at(45), DEFAULT)[0] == 0.0
