"""A row that was changed on its way is told by its own checksum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from harness.history import ABSENT, DAMAGED, Result
from harness.kind import Kind
from harness.load.rows import CHECKSUM_FIELD, KEY_FIELD, VECTOR_FIELD, VERSION_FIELD, read_fields, write_fields
from harness.load.wire import SearchShape, read_answer, read_request, upsert_request

_SHAPE = SearchShape("things", "L2", 3, {"nprobe": 10})
Fields = dict[str, Any]


def rows(count: int = 3, dim: int = 4) -> list[Any]:
    keys = 7 + np.arange(count)
    return write_fields(keys, np.arange(1, count + 1), np.arange(count * dim, dtype=np.float32).reshape(count, dim))


def changed(change: Callable[[Fields], object]) -> list[Any]:
    fields = rows()
    change({field.field_name: field for field in fields})
    return fields


@given(st.integers(0, 20), st.integers(1, 9))
def test_what_was_written_is_read(count: int, dim: int) -> None:
    keys, versions = read_fields(reversed(rows(count, dim)))
    assert keys.tolist() == list(range(7, 7 + count))
    assert versions.tolist() == list(range(1, count + 1))


def bump(name: str) -> Callable[[Fields], object]:
    def change(fields: Fields) -> None:
        fields[name].scalars.long_data.data[1] += 1

    return change


def turn(fields: Fields) -> None:
    fields[VECTOR_FIELD].vectors.float_vector.data[5] += 1


@pytest.mark.parametrize("change", [bump(KEY_FIELD), bump(VERSION_FIELD), bump(CHECKSUM_FIELD), turn])
def test_a_change_of_any_field_damages_its_row_alone(change: Callable[[Fields], object]) -> None:
    assert read_fields(changed(change))[1].tolist() == [1, DAMAGED, 3]


def test_the_vectors_of_two_rows_swapped_damage_both() -> None:
    def swap(fields: Fields) -> None:
        values = list(fields[VECTOR_FIELD].vectors.float_vector.data)
        fields[VECTOR_FIELD].vectors.float_vector.data[:] = values[4:8] + values[:4] + values[8:]

    assert read_fields(changed(swap))[1].tolist() == [DAMAGED, DAMAGED, 3]


@pytest.mark.parametrize("missing", [VERSION_FIELD, CHECKSUM_FIELD, VECTOR_FIELD])
def test_rows_without_a_field_are_damaged(missing: str) -> None:
    fields = [field for field in rows() if field.field_name != missing]
    assert read_fields(fields)[1].tolist() == [DAMAGED] * 3


def test_values_that_are_missing_damage_every_row() -> None:
    def shorten(fields: Fields) -> None:
        del fields[VECTOR_FIELD].vectors.float_vector.data[-1]

    assert read_fields(changed(shorten))[1].tolist() == [DAMAGED] * 3


def read(fields: list[Any], status: common_pb2.Status | None = None) -> Any:
    answer = milvus_pb2.QueryResults(status=status or common_pb2.Status(), fields_data=fields)
    return read_answer(answer.SerializeToString(), Kind.READ, _SHAPE, 1)


def test_an_upsert_and_a_read_carry_one_row() -> None:
    upsert = milvus_pb2.UpsertRequest.FromString(upsert_request("things", 7, 3, np.ones(4, np.float32)))
    assert (upsert.collection_name, upsert.num_rows) == ("things", 1)
    assert [column.tolist() for column in read_fields(upsert.fields_data)] == [[7], [3]]
    request = milvus_pb2.QueryRequest.FromString(read_request("things", 7))
    assert (request.expr, request.consistency_level) == ("pk in [7]", common_pb2.ConsistencyLevel.Strong)
    assert len(request.output_fields) == 4


def test_a_read_finds_one_row_or_none_and_two_are_wrong() -> None:
    assert (read(rows(1)).version, list(read(rows(1)).hits)) == (1, [7])
    assert (read([]).outcome, read([]).version) == (Result.OK, ABSENT)
    assert read(rows(2)).version == DAMAGED
    failed = read([], common_pb2.Status(code=503, reason="gone"))
    assert (failed.outcome, failed.error) == (Result.FAIL, "503: gone")


def test_an_upsert_that_is_not_acknowledged_whole_is_open() -> None:
    for count, outcome in ((1, Result.OK), (0, Result.UNKNOWN)):
        answer = milvus_pb2.MutationResult(upsert_cnt=count).SerializeToString()
        assert read_answer(answer, Kind.UPSERT, _SHAPE, 1).outcome == outcome


def test_the_fields_are_those_of_the_collection() -> None:
    assert [field.type for field in rows()] == [schema_pb2.DataType.Int64] * 3 + [schema_pb2.DataType.FloatVector]
