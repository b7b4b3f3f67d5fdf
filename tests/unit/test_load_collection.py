from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pymilvus.grpc_gen import milvus_pb2

from harness.cluster import Endpoint
from harness.errors import ClusterError
from harness.load import collection
from harness.load.collection import READ_ROWS, _ranges
from harness.load.rpc import Connection, Passing
from harness.load.schedule import FIRST_INSERT_KEY
from tests.unit.fake_milvus import FakeMilvus, serving

_EDGES = st.sampled_from([0, READ_ROWS, FIRST_INSERT_KEY, 1 << 62])


def _matches(expression: str, key: int) -> bool:
    python = expression.replace("&&", "and").replace("||", "or")
    return bool(eval(python, {}, {"pk": key}))  # noqa: S307 - an expression made by the code under test


@given(st.integers(0, 40_000), st.integers(0, 20_000), _EDGES, st.integers(-20_000, 20_000), st.booleans())
def test_every_key_is_looked_for_exactly_once(rows: int, inserted: int, edge: int, off: int, negative: bool) -> None:
    key = (-1 if negative else 1) * (edge + off)
    assert sum(_matches(expression, key) for expression in _ranges(rows, inserted)) == 1


def test_a_dense_range_fits_into_one_answer() -> None:
    dense = list(_ranges(20_000, 10_000))[:-1]
    assert [sum(_matches(e, key) for key in range(20_000)) for e in dense] == [8192, 8192, 3616, 0, 0]


def test_a_read_of_everything_is_timed_from_its_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_ns: list[int] = []

    def rows(*_: object) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        asked_ns.append(time.monotonic_ns())
        return np.array([], np.int64), np.array([], np.int32)

    monkeypatch.setattr(collection, "_rows", rows)
    monkeypatch.setattr(collection, "_count", lambda *_: 0)
    assert collection.read_back(Endpoint("127.0.0.1", 1), rows=10, inserted=0).t_ns <= asked_ns[0]


def test_a_cluster_that_is_not_there_is_told_within_the_deadline() -> None:
    began_s = time.monotonic()
    with Connection(Endpoint("127.0.0.1", 1)) as connection, pytest.raises(ClusterError, match="HasCollection failed"):
        connection.call("HasCollection", milvus_pb2.HasCollectionRequest(collection_name="x"), 0.5)
    assert time.monotonic() - began_s < 5


def test_a_call_that_is_refused_is_not_tried_again() -> None:
    with serving(FakeMilvus()) as fake, Connection(fake.endpoint) as connection:
        with pytest.raises(ClusterError, match="UNIMPLEMENTED") as caught:
            connection.call("Flush", milvus_pb2.FlushRequest(collection_names=["x"]), 30)
        assert not isinstance(caught.value, Passing)


def test_a_wait_in_vain_says_what_for_and_the_last_answer() -> None:
    def never() -> bool:
        raise Passing("DescribeIndex failed with 1: not ready", where="x", mend="wait")

    with Connection(Endpoint("127.0.0.1", 1)) as connection:
        with pytest.raises(ClusterError, match=r"an index was not reached in 0\.2 s .*1: not ready"):
            connection.wait_until("an index", never, 0.2)
        with pytest.raises(ClusterError, match=r"a load was not reached in 0\.1 s"):
            connection.wait_until("a load", lambda: False, 0.1)
        connection.wait_until("nothing", lambda: True, 0.1)
