from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from harness.cluster import Endpoint
from harness.history import Result
from harness.kind import Kind
from harness.load.wire import (
    SearchShape,
    call_metadata,
    delete_request,
    insert_request,
    read_answer,
    read_failure,
    read_searches,
    search_request,
)
from tests.unit.fake_milvus import found, refused

_SHAPE = SearchShape("things", "L2", 3, {"nprobe": 10})


def test_a_search_carries_what_the_server_needs() -> None:
    vector = np.arange(4, dtype=np.float32)
    request = milvus_pb2.SearchRequest.FromString(search_request(_SHAPE, vector))
    params = {pair.key: pair.value for pair in request.search_params}
    assert request.collection_name == "things"
    assert (params["anns_field"], params["topk"], params["metric_type"]) == ("vector", "3", "L2")
    assert json.loads(params["params"]) == {"nprobe": 10}
    assert request.consistency_level == common_pb2.ConsistencyLevel.Bounded
    assert not request.use_default_consistency
    (holder,) = common_pb2.PlaceholderGroup.FromString(request.placeholder_group).placeholders
    assert holder.values == [vector.tobytes()]


def test_an_insert_carries_its_rows_whatever_their_layout_in_memory() -> None:
    vectors = np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3))
    request = milvus_pb2.InsertRequest.FromString(insert_request("things", np.array([7, 8]), vectors, "p1"))  # type: ignore[arg-type]
    fields = {f.field_name: f for f in request.fields_data}
    assert (request.num_rows, request.partition_name) == (2, "p1")
    assert list(fields["pk"].scalars.long_data.data) == [7, 8]
    assert list(fields["version"].scalars.long_data.data) == [1, 1]
    assert fields["vector"].vectors.dim == 3
    assert list(fields["vector"].vectors.float_vector.data) == [0, 1, 2, 3, 4, 5]


def test_a_delete_names_its_keys() -> None:
    request = milvus_pb2.DeleteRequest.FromString(delete_request("things", range(5, 8)))
    assert request.expr == "pk in [5,6,7]"


def test_a_token_travels_in_a_header_and_none_in_none() -> None:
    (header,) = call_metadata(Endpoint("h", 1, token="root:Milvus"))  # noqa: S106 - Milvus's documented default
    assert header == ("authorization", base64.b64encode(b"root:Milvus").decode())
    assert call_metadata(Endpoint("h", 1)) == ()


@pytest.mark.parametrize(("metric", "distances"), [("L2", [0.5, 1.5]), ("IP", [-0.5, -1.5]), ("COSINE", [-0.5, -1.5])])
def test_smaller_is_nearer_whatever_the_metric(metric: str, distances: list[float]) -> None:
    shape = SearchShape("things", metric, 3, {})
    answer = read_answer(found([4, 2], [0.5, 1.5]).SerializeToString(), Kind.SEARCH, shape, 0)
    assert (answer.outcome, answer.error) == (Result.OK, "")
    assert (list(answer.hits), list(answer.distances)) == ([4, 2], distances)


def test_an_empty_success_is_ok_and_empty() -> None:
    for empty in (found([], []), milvus_pb2.SearchResults()):
        answer = read_answer(empty.SerializeToString(), Kind.SEARCH, _SHAPE, 0)
        assert (answer.outcome, list(answer.hits)) == (Result.OK, [])


def test_more_hits_than_asked_for_are_an_answer_all_the_same() -> None:
    answer = read_answer(found([1, 2, 3, 4], [0, 1, 2, 3]).SerializeToString(), Kind.SEARCH, _SHAPE, 0)
    assert (answer.outcome, list(answer.hits)) == (Result.OK, [1, 2, 3, 4])


def test_several_searches_are_told_apart() -> None:
    both = found([4, 2, 9], [0.5, 1.5, 0.1])
    both.results.topks[:] = [2, 1]
    first, second = read_searches(both.SerializeToString(), "L2", 2)
    assert (list(first.hits), list(second.hits)) == ([4, 2], [9])


@pytest.mark.parametrize(
    "wrong",
    [
        found([1, 2], [0]),
        milvus_pb2.SearchResults(status=refused(106, "on recovering")),
        milvus_pb2.SearchResults(status=common_pb2.Status(error_code=common_pb2.UnexpectedError, reason="2.2")),
        milvus_pb2.SearchResults(status=common_pb2.Status(code=503, reason="channel")),
    ],
)
def test_a_search_that_went_wrong_has_failed(wrong: milvus_pb2.SearchResults) -> None:
    answer = read_answer(wrong.SerializeToString(), Kind.SEARCH, _SHAPE, 0)
    assert answer.outcome == Result.FAIL
    assert answer.error
    assert list(answer.hits) == []


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (8, Result.FAIL),
        (100, Result.FAIL),
        (1400, Result.FAIL),
        (1, Result.UNKNOWN),
        (65535, Result.UNKNOWN),
    ],
)
def test_only_a_refusal_says_that_a_write_was_not_applied(code: int, outcome: Result) -> None:
    result = milvus_pb2.MutationResult(status=refused(code, "because\nof  this"))
    for kind in (Kind.INSERT, Kind.DELETE):
        answer = read_answer(result.SerializeToString(), kind, _SHAPE, 1)
        assert (answer.outcome, answer.error) == (outcome, f"{code}: because of this")


def test_an_insert_acknowledged_in_part_is_unknown() -> None:
    part = milvus_pb2.MutationResult(insert_cnt=2).SerializeToString()
    assert read_answer(part, Kind.INSERT, _SHAPE, 3).outcome == Result.UNKNOWN
    assert read_answer(part, Kind.INSERT, _SHAPE, 2).outcome == Result.OK
    assert read_answer(part, Kind.DELETE, _SHAPE, 3).outcome == Result.OK


@pytest.mark.parametrize(
    ("code", "search", "write"),
    [
        ("UNAVAILABLE", Result.FAIL, Result.UNKNOWN),
        ("DEADLINE_EXCEEDED", Result.FAIL, Result.UNKNOWN),
        ("CANCELLED", Result.FAIL, Result.UNKNOWN),
        ("RESOURCE_EXHAUSTED", Result.FAIL, Result.UNKNOWN),
        ("UNAUTHENTICATED", Result.FAIL, Result.FAIL),
        ("PERMISSION_DENIED", Result.FAIL, Result.FAIL),
        ("INVALID_ARGUMENT", Result.FAIL, Result.FAIL),
    ],
)
def test_what_a_lost_call_means(code: str, search: Result, write: Result) -> None:
    assert read_failure(Kind.SEARCH, code, "").outcome == search
    assert read_failure(Kind.INSERT, code, "").outcome == read_failure(Kind.DELETE, code, "").outcome == write


def test_an_answer_that_is_none_of_milvus() -> None:
    assert read_answer(b"\xff\xff", Kind.SEARCH, _SHAPE, 0).outcome == Result.FAIL
    assert read_answer(b"\xff\xff", Kind.INSERT, _SHAPE, 1).outcome == Result.UNKNOWN


def test_errors_are_one_short_line() -> None:
    error = read_failure(Kind.SEARCH, "UNAVAILABLE", "x\n" * 500).error
    assert len(error) <= 120
    assert "\n" not in error
