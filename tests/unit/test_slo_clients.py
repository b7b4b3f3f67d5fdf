"""How each kind of client was served, on histories whose answer is plain to see."""

from __future__ import annotations

import math

import pytest

from harness.kind import Kind
from harness.slo import judge
from harness.verdict import Client, Judgement
from tests.unit.builders import Recipe, healthy, member, outage
from tests.unit.judged import LIMITS

RECIPE = Recipe()
HISTORY = healthy(RECIPE)
WRITES = (Kind.INSERT, Kind.UPSERT, Kind.DELETE)


def client(judgement: Judgement, name: str) -> Client:
    return next(one for one in judgement.clients if one.name == name)


def test_each_client_has_moments_of_its_own() -> None:
    both = outage(outage(HISTORY, 41, 47, [Kind.SEARCH]), 43, 51, WRITES)
    found = judge(both, LIMITS)
    search, write = client(found, "search"), client(found, "write")
    assert (search.detect_s, search.first_success_s, search.recover_s) == (1.0, 7.0, 7.0)
    assert (search.bad_s, search.down_s, search.longest_outage_s) == (6.0, 6.0, 6.0)
    assert [write.detect_s, write.first_success_s, write.recover_s] == pytest.approx([3.0, 11.0, 11.0], abs=0.1)
    assert (write.bad_s, write.down_s, write.longest_outage_s) == (8.0, 8.0, 8.0)


def test_who_asked_for_nothing_is_left_out() -> None:
    assert {one.name for one in judge(HISTORY, LIMITS).clients} == {"search", "write"}


def test_no_impact_is_no_moment_and_recovery_waits_for_the_cluster() -> None:
    search = client(judge(HISTORY, LIMITS), "search")
    assert math.isnan(search.detect_s)
    assert math.isnan(search.first_success_s)
    assert search.recover_s == 5.0
    assert (search.availability, search.bad_s) == (1.0, 0.0)


def test_never_served_again_is_infinite_for_that_client_alone() -> None:
    found = judge(outage(HISTORY, 41, 200, WRITES), LIMITS)
    write = client(found, "write")
    assert math.isnan(write.first_success_s)
    assert write.recover_s == math.inf
    assert math.isfinite(client(found, "search").recover_s)
    late = judge(member(HISTORY, 60, "querynode-9", "starting"), LIMITS)
    assert all(one.recover_s == math.inf for one in late.clients)


def test_without_a_fault_there_is_nothing_to_recover_from() -> None:
    for one in judge(healthy(Recipe(faulted=False)), LIMITS, expects_fault=False).clients:
        assert math.isnan(one.detect_s)
        assert math.isnan(one.recover_s)
        assert one.availability == 1.0


def test_a_moment_is_known_to_within_one_operation() -> None:
    search = client(judge(HISTORY, LIMITS), "search")
    assert search.every_s * search.n == pytest.approx(65.0)
