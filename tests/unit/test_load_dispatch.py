"""The open loop by itself, with a client that does not get as far as a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container
from pathlib import Path
from queue import SimpleQueue

import grpc
import numpy as np
import pytest

from harness.cluster import Endpoint
from harness.history import NS_PER_S, Operations, Result
from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.dispatch import Dispatcher
from harness.load.job import LoadJob
from harness.load.operations import read_operations
from harness.load.recorder import Recorder
from harness.load.schedule import make_schedule
from harness.load.wire import Done, RawCalls, SearchShape, open_channel, search_request
from harness.plan.specs import TrafficSpec
from tests.unit.fake_milvus import FakeMilvus, serving

_DEADLINE_S = 0.2
_TRAFFIC = TrafficSpec(search_rate=100, insert_rate=0, delete_rate=0, upsert_rate=0, read_rate=0, stock_rate=0)
_JOB = LoadJob(
    Endpoint("127.0.0.1", 1),
    SearchShape("things", "L2", 3, {}),
    make_schedule(_TRAFFIC, 0.2, 4, 1),
    np.zeros((4, 2), np.float32),
    np.zeros((0, 2), np.float32),
    _DEADLINE_S,
)


class Client:
    """Cannot make the request at one place of the schedule, and does not answer those at others until it is over."""

    def __init__(self, *, unmade: int = -1, unanswered: Container[int] = ()) -> None:
        self._unmade, self._unanswered, self.over = unmade, unanswered, threading.Event()

    def request(self, index: int) -> int:
        if index == self._unmade:
            raise ZeroDivisionError
        return index

    def send(self, _: Kind, request: int) -> Answer:
        if request in self._unanswered:
            self.over.wait()
        return Answer(Result.OK)

    def start(self, kind: Kind, request: int, done: Done) -> None:
        threading.Thread(target=lambda: done(self.send(kind, request))).start()

    def close(self) -> None:
        """Nothing is open."""


def sent(client: Client, folder: Path) -> Operations:
    """Send the schedule; return what is on record of it."""
    t0_ns, everything = time.monotonic_ns(), np.arange(len(_JOB.schedule))
    Dispatcher(_JOB, everything, client, lambda *_: None).run(Recorder(folder, "0", _JOB.schedule, t0_ns), t0_ns)
    client.over.set()
    deadline_ns = round(_DEADLINE_S * NS_PER_S)
    return read_operations(folder, _JOB.schedule, t0_ns, k=_JOB.shape.k, deadline_ns=deadline_ns)


def test_a_request_that_cannot_be_made_ends_the_load_and_keeps_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: SimpleQueue[type[BaseException]] = SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda failed: raised.put(failed.exc_type))
    unmade = 14  # a thread makes its next request while others wait with the seven before that
    outcomes = sent(Client(unmade=unmade), tmp_path).outcome
    assert raised.get(timeout=10) is ZeroDivisionError
    was_sent = int((outcomes == Result.OK).sum())
    assert unmade - 7 <= was_sent <= unmade
    assert set(outcomes[:was_sent]) == {Result.OK}
    assert set(outcomes[was_sent:]) == {Result.NEVER_SENT}


def test_of_an_empty_share_nothing_is_sent(tmp_path: Path) -> None:
    nothing, recorder = np.arange(0), Recorder(tmp_path, "0", _JOB.schedule, 0)
    Dispatcher(_JOB, nothing, Client(), lambda *_: None).run(recorder, 0)
    found = read_operations(tmp_path, _JOB.schedule, 0, k=_JOB.shape.k, deadline_ns=NS_PER_S)
    assert set(found.outcome) == {Result.NEVER_SENT}


def test_a_call_that_never_ends_is_cut_off_and_all_others_are_sent(tmp_path: Path) -> None:
    found = sent(Client(unanswered=[2]), tmp_path)
    assert np.flatnonzero(found.outcome != Result.OK).tolist() == [2]
    assert found.error[2].startswith("CANCELLED")


def test_all_is_sent_in_time_however_many_calls_hang(tmp_path: Path) -> None:
    everything = range(len(_JOB.schedule) - 1)
    found = sent(Client(unanswered=everything), tmp_path)
    assert np.flatnonzero(found.outcome == Result.OK).tolist() == [len(everything)]
    assert (found.sent_ns - found.intended_ns < _DEADLINE_S * NS_PER_S).all()


def _aborting(_: str, context: grpc.ServicerContext) -> None:
    context.abort(grpc.StatusCode.UNAVAILABLE, "not now")


@pytest.mark.parametrize("before", [lambda *_: None, _aborting], ids=["answered", "aborted"])
def test_a_call_brings_the_same_whether_it_is_waited_for_or_not(before: Callable[..., None]) -> None:
    came: SimpleQueue[bytes | Answer] = SimpleQueue()
    with serving(FakeMilvus(before=before)) as fake, open_channel(fake.endpoint) as channel:
        calls, request = RawCalls(channel, ()), search_request(_JOB.shape, _JOB.queries[0])
        calls.start(Kind.SEARCH, request, 5, came.put)
        assert came.get(timeout=10) == calls.send(Kind.SEARCH, request, 5)
