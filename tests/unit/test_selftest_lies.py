"""A proxy that lies does it as declared, and passes everything else as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from time import monotonic

import grpc
import numpy as np
import pytest
from pymilvus.grpc_gen import milvus_pb2

from harness.cluster import Endpoint
from harness.history import Result
from harness.kind import Kind
from harness.load.wire import (
    RawCalls,
    SearchShape,
    insert_request,
    open_channel,
    read_answer,
    read_request,
    search_request,
    upsert_request,
)
from harness.selftest.control import ProxyProcess
from harness.selftest.lies import (
    LIES,
    Call,
    Delay,
    Deny,
    DenySome,
    HoldBack,
    PassOn,
    Replay,
    Shallow,
    Swallow,
    Swap,
    Truncate,
    read_lies,
)
from tests.unit.fake_milvus import FakeMilvus, serving

_SHAPE = SearchShape("things", "L2", 3, {"nprobe": 10})
_SEARCH = search_request(_SHAPE, np.ones(4, np.float32))
_INSERT = insert_request("things", np.array([7, 8]), np.ones((2, 4), np.float32))


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeMilvus]:
    with serving(FakeMilvus()) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(fake: FakeMilvus) -> Iterator[ProxyProcess]:
    with ProxyProcess(fake.endpoint.address) as running:
        yield running


@pytest.fixture
def calls(proxy: ProxyProcess, fake: FakeMilvus) -> Iterator[RawCalls]:
    proxy.tell(PassOn())
    fake.before = lambda *_: None
    with open_channel(Endpoint("127.0.0.1", proxy.port)) as channel:
        yield RawCalls(channel, (("authorization", "me"),))


def hits(calls: RawCalls) -> list[int]:
    answer = calls.send(Kind.SEARCH, _SEARCH, 5)
    assert isinstance(answer, bytes), answer
    return list(read_answer(answer, Kind.SEARCH, _SHAPE, 0).hits)


def test_the_truth_passes_with_its_metadata(calls: RawCalls, fake: FakeMilvus) -> None:
    assert hits(calls) == [3, 1, 2]
    assert "me" in fake.tokens


def test_an_error_of_the_server_passes_as_it_is(calls: RawCalls, fake: FakeMilvus) -> None:
    fake.before = lambda _, context: context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much")
    answer = calls.send(Kind.SEARCH, _SEARCH, 5)
    assert getattr(answer, "error", "") == "RESOURCE_EXHAUSTED: too much"


def test_every_so_many_calls_are_denied(calls: RawCalls, proxy: ProxyProcess) -> None:
    proxy.tell(Deny(every=3))
    errors = [getattr(calls.send(Kind.SEARCH, _SEARCH, 5), "error", "") for _ in range(6)]
    assert errors == ["", "", "UNAVAILABLE: denied"] * 2
    proxy.tell(Deny(methods=("Insert",)))
    assert hits(calls) == [3, 1, 2]


def test_searches_are_delayed_and_all_calls_held(calls: RawCalls, proxy: ProxyProcess) -> None:
    for lie, least_s in ((Delay(by_ms=200), 0.2), (HoldBack(for_s=0.5), 0.4)):
        proxy.tell(lie)
        begin_s = monotonic()
        hits(calls)
        assert monotonic() - begin_s >= least_s
    begin_s = monotonic()
    hits(calls)
    assert monotonic() - begin_s < 0.3


def test_a_swallowed_insert_is_acknowledged(calls: RawCalls, proxy: ProxyProcess, fake: FakeMilvus) -> None:
    fake.inserts.clear()
    proxy.tell(Swallow(every=2))
    for _ in range(4):
        answer = calls.send(Kind.INSERT, _INSERT, 5)
        assert isinstance(answer, bytes)
        assert read_answer(answer, Kind.INSERT, _SHAPE, 2).outcome == Result.OK
    assert len(fake.inserts) == 2


def test_every_second_connection_is_denied_for_a_time(proxy: ProxyProcess) -> None:
    own = (("grpc.use_local_subchannel_pool", 1),)  # or channels share a connection
    proxy.tell(DenySome(for_s=60))
    for expected in ("", "UNAVAILABLE: denied", "", "UNAVAILABLE: denied"):
        with grpc.insecure_channel(f"127.0.0.1:{proxy.port}", own) as channel:
            assert getattr(RawCalls(channel, ()).send(Kind.SEARCH, _SEARCH, 5), "error", "") == expected
    proxy.tell(DenySome(for_s=0))
    for _ in range(2):
        with grpc.insecure_channel(f"127.0.0.1:{proxy.port}", own) as channel:
            assert hits(RawCalls(channel, ())) == [3, 1, 2]


@pytest.mark.parametrize(("after", "expected"), [(1, [1, 1]), (10**9, [1, 2])])
def test_a_replayed_read_stays_what_it_was(
    calls: RawCalls, proxy: ProxyProcess, after: int, expected: list[int]
) -> None:
    found = []
    proxy.tell(Replay(after=after))
    for version in (1, 2):
        calls.send(Kind.UPSERT, upsert_request("things", 5, version, np.ones(4, np.float32)), 5)
        answer = calls.send(Kind.READ, read_request("things", 5), 5)
        assert isinstance(answer, bytes)
        found.append(read_answer(answer, Kind.READ, _SHAPE, 1).version)
    assert found == expected


@pytest.mark.parametrize(
    ("lie", "expected"), [(Swap(), [2, 1, 3]), (Truncate(to=2), [3, 1]), (Truncate(), []), (Shallow(), [3, 1, 2])]
)
def test_answers_are_changed(calls: RawCalls, proxy: ProxyProcess, lie: PassOn, expected: list[int]) -> None:
    proxy.tell(lie)
    assert hits(calls) == expected


def test_a_search_is_made_shallower() -> None:
    seen: list[bytes] = []

    async def forward(request: bytes) -> bytes:
        seen.append(request)
        return b""

    asyncio.run(Shallow(nprobe=2).serve(Call("Search", _SEARCH, ""), forward))
    params = {p.key: p.value for p in milvus_pb2.SearchRequest.FromString(seen[0]).search_params}
    assert json.loads(params["params"]) == {"nprobe": 2}
    assert params["topk"] == "3"


def test_a_port_can_be_closed_and_opened_again(calls: RawCalls, proxy: ProxyProcess) -> None:
    hits(calls)
    port = proxy.port
    proxy.shut()
    assert getattr(calls.send(Kind.SEARCH, _SEARCH, 1), "error", "").startswith("UNAVAILABLE")
    proxy.open()
    with open_channel(Endpoint("127.0.0.1", port)) as channel:
        grpc.channel_ready_future(channel).result(timeout=5)
        assert hits(RawCalls(channel)) == [3, 1, 2]


@pytest.mark.parametrize("name", LIES)
def test_every_lie_can_be_told_by_its_name(name: str) -> None:
    assert [type(lie) for lie in read_lies(json.dumps([{"lie": name}])).lies] == [LIES[name]]


def test_several_lies_are_told_at_once(proxy: ProxyProcess, calls: RawCalls) -> None:
    proxy.tell(Deny(every=2, methods=("Search",)), Truncate(to=2), Swap())
    assert hits(calls) == [2, 1]
    assert getattr(calls.send(Kind.SEARCH, _SEARCH, 1), "error", "").startswith("UNAVAILABLE")
    proxy.tell()
    assert hits(calls) == hits(calls) == [3, 1, 2]
