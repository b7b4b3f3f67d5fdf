from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.answers import answers
from harness.checks.content import Flaw, content_flaws
from harness.checks.keys import key_times, lives
from harness.checks.thresholds import DEFAULT
from harness.history import NS_PER_S, History, Result
from harness.kind import Kind
from tests.unit.builders import Recipe, edit, healthy, short_answers, shuffled, within

HISTORY = healthy(Recipe(steady_s=20, observe_s=20))
SEARCHES = HISTORY.operations.kind == Kind.SEARCH


def flaws_of(history: History) -> list[int]:
    """Return the distinct flaws among the searches."""
    return sorted({int(f) for f in answers(history, DEFAULT).flaws[history.operations.kind == Kind.SEARCH]})


def one_search(second: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the first search from this second on."""
    mask = within(HISTORY, second, second + 1, [Kind.SEARCH])
    mask[np.flatnonzero(mask)[1:]] = False
    return mask


def with_hit(second: float, key: int) -> History:
    """Let one search answer with this key in its last place."""
    mask = one_search(second)
    hits = HISTORY.operations.hits[mask].copy()
    hits[:, -1] = key
    return edit(HISTORY, mask, hits=hits)


def test_healthy_answers_are_valid_and_good() -> None:
    assert flaws_of(HISTORY) == [0]
    assert answers(HISTORY, DEFAULT).good.all()


@pytest.mark.parametrize("kept", [0, 1, 9])
def test_fewer_hits_than_there_are_rows_to_find_are_a_flaw_and_an_empty_success_is_bad(kept: int) -> None:
    history = short_answers(HISTORY, 5, 6, kept)
    judged = answers(history, DEFAULT)
    cut = within(history, 5, 6, [Kind.SEARCH])
    assert (judged.flaws[cut] == Flaw.COUNT).all()
    assert not judged.good[cut].any()
    assert judged.good[~cut].all()


def test_a_hit_more_than_was_asked_for_is_a_flaw() -> None:
    operations, mask = HISTORY.operations, one_search(5)
    hits = np.pad(operations.hits, ((0, 0), (0, 1)), constant_values=-1)
    distances = np.pad(operations.distances, ((0, 0), (0, 1)), constant_values=np.nan)
    wide = replace(HISTORY, operations=replace(operations, hits=hits, distances=distances))
    assert flaws_of(wide) == [0]
    hits[mask, -1] = np.setdiff1d(np.arange(HISTORY.truth.rows), hits[mask])[0]
    distances[mask, -1] = distances[mask, -2] + 1
    judged = answers(wide, DEFAULT)
    assert judged.flaws[mask].tolist() == [Flaw.COUNT]
    assert judged.good[~mask].all()
    np.testing.assert_array_equal(judged.recall, answers(HISTORY, DEFAULT).recall)


def test_a_small_collection_is_valid_with_all_it_has() -> None:
    recipe = Recipe(rows=4, insert_rate=0, delete_rate=0, steady_s=5, observe_s=5)
    history = healthy(recipe)
    everything = np.tile(np.append(np.arange(4), np.full(6, -1)), (len(history.operations), 1))
    distances = np.where(everything < 0, np.nan, everything).astype(np.float32)
    whole = replace(history, operations=replace(history.operations, hits=everything, distances=distances))
    assert flaws_of(whole) == [0]
    assert flaws_of(short_answers(whole, 1, 2, 3)) == [0, Flaw.COUNT]


def test_rows_still_settling_may_be_found_or_not() -> None:
    # Nothing loaded and one insert a second: 20 rows after 20 s, of which the last 5 may be missing.
    recipe = Recipe(rows=20, insert_rate=1, delete_rate=0, steady_s=20, observe_s=0, faulted=False, k=40, queries=1)
    history = healthy(recipe)
    for count, expected in ((34, Flaw.COUNT), (35, 0), (39, 0), (40, 0)):
        hits = np.where(np.arange(40) < count, np.arange(40), -1)
        last = within(history, 19.98, 20, [Kind.SEARCH])
        edited = edit(history, last, hits=hits, distances=np.where(hits < 0, np.nan, hits).astype(np.float32))
        assert answers(edited, DEFAULT).flaws[last].tolist() == [expected], count


def test_the_same_key_twice_is_a_flaw() -> None:
    mask = one_search(5)
    hits = HISTORY.operations.hits[mask].copy()
    hits[:, 3] = hits[:, 2]
    assert flaws_of(edit(HISTORY, mask, hits=hits)) == [0, Flaw.REPEATED]


def test_hits_out_of_order_are_a_flaw_and_equal_distances_are_not() -> None:
    mask = one_search(5)
    distances = HISTORY.operations.distances[mask].copy()
    distances[:, 3] = distances[:, 2]
    assert flaws_of(edit(HISTORY, mask, distances=distances)) == [0]
    assert flaws_of(edit(HISTORY, mask, distances=distances[:, ::-1])) == [0, Flaw.DISORDERED]
    assert flaws_of(edit(HISTORY, mask, distances=np.nan)) == [0, Flaw.DISORDERED]


def test_a_hole_among_the_hits_is_a_flaw() -> None:
    mask = one_search(5)
    hits = HISTORY.operations.hits[mask].copy()
    hits[:, 3] = -1
    assert flaws_of(edit(HISTORY, mask, hits=hits)) == [0, Flaw.COUNT | Flaw.DISORDERED]


# Key 1001 is inserted at 0.101 s and stays; key 1050 at 5.001 s and is deleted at 5.45 s.
@pytest.mark.parametrize(
    ("second", "key", "valid"),
    [
        (4.0, 999, True),  # loaded
        (4.0, 1001, True),  # inserted
        (0.0, 1001, False),  # not yet
        (4.0, 5_000_000, False),  # never
        (4.0, -7, False),
        (5.3, 1050, True),  # before its delete
        (9.9, 1050, True),  # deleted, but a search may lag 5 s
        (11.0, 1050, False),  # surely deleted
    ],
)
def test_a_hit_must_be_able_to_be_there(second: float, key: int, *, valid: bool) -> None:
    assert flaws_of(with_hit(second, key)) == ([0] if valid else [0, Flaw.NOT_LIVE])


@pytest.mark.parametrize(
    ("kind", "outcome", "key", "valid"),
    [
        (Kind.INSERT, Result.UNKNOWN, 1001, True),  # it may have landed
        (Kind.INSERT, Result.FAIL, 1001, False),  # it has not
        (Kind.INSERT, Result.NEVER_SENT, 1001, False),
        (Kind.DELETE, Result.UNKNOWN, 1050, True),  # it may not have
        (Kind.DELETE, Result.FAIL, 1050, True),  # it has not
    ],
)
def test_an_uncertain_write_allows_both(kind: Kind, outcome: Result, key: int, *, valid: bool) -> None:
    operations = HISTORY.operations
    written = (operations.kind == kind) & (operations.key == key)
    assert written.sum() == 1
    assert flaws_of(edit(with_hit(15, key), written, outcome=outcome)) == ([0] if valid else [0, Flaw.NOT_LIVE])


def test_the_deadline_runs_from_the_intended_start() -> None:
    mask = one_search(5)
    intended = HISTORY.operations.intended_ns[mask]
    for done, good in ((intended + NS_PER_S, True), (intended + NS_PER_S + 1, False)):
        history = edit(HISTORY, mask, sent_ns=intended + NS_PER_S // 2, done_ns=done)
        assert answers(history, DEFAULT).good[mask].all() == good


def test_a_late_write_is_bad() -> None:
    mask = within(HISTORY, 5, 6, [Kind.INSERT])
    late = edit(HISTORY, mask, done_ns=HISTORY.operations.done_ns[mask] + NS_PER_S)
    assert not answers(late, DEFAULT).good[mask].any()


@settings(deadline=None)
@given(st.lists(st.integers(-1, 6), min_size=4, max_size=4), st.permutations([0.0, 1.0, 1.0, 2.0]))
def test_flaws_are_those_found_hit_by_hit(hits: list[int], distances: list[float]) -> None:
    recipe = Recipe(rows=5, k=4, queries=1, insert_rate=0, delete_rate=0, search_rate=1, steady_s=1, observe_s=0)
    history = healthy(replace(recipe, fault_s=0.0))
    row = np.array([hits]), np.array([distances], dtype=np.float32)
    operations = replace(history.operations, hits=row[0], distances=row[1])
    flaws = int(content_flaws(operations, lives(key_times(operations, 5), 0), rows=5, k=4)[0])
    found = [h for h in hits if h != -1]
    near = [d for h, d in zip(hits, distances, strict=True) if h != -1]
    hole = hits[: len(found)] != found
    assert bool(flaws & Flaw.COUNT) == (len(found) != 4)
    assert bool(flaws & Flaw.REPEATED) == (len(set(found)) < len(found))
    assert bool(flaws & Flaw.NOT_LIVE) == any(h > 4 for h in found)
    if not hole:
        assert bool(flaws & Flaw.DISORDERED) == (near != sorted(near))
    else:
        assert flaws & Flaw.DISORDERED


def test_the_order_of_the_rows_does_not_matter() -> None:
    history = short_answers(HISTORY, 5, 6, 3)
    assert np.array_equal(answers(history, DEFAULT).flaws, answers(shuffled(history, 4), DEFAULT).flaws)
