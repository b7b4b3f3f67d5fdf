"""The open loop: every operation starts when it was intended to, whatever became of those before it.

Runs under gevent, so in Locust's process alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
import numpy as np
from gevent.event import Event
from gevent.pool import Group
from numpy.typing import NDArray

from harness.history import NS_PER_S
from harness.kind import Kind
from harness.load.calls import Calls
from harness.load.job import LoadJob
from harness.load.recorder import FLUSH_S, Recorder
from harness.load.wire import Answer, read_answer, read_failure

Share = NDArray[np.int64]  # indexes into the schedule, ascending
Listener = Callable[[Kind, int, Answer], None]  # what, latency from the intended start in ns, what came of it
_GRACE_S = 0.5  # beyond the deadline: what has not answered by then is cut off


class Dispatcher:
    """Sends a share of a job's schedule through one client and records every operation.

    Made before the start is known, since making the requests takes its time.
    """

    def __init__(self, job: LoadJob, share: Share, calls: Calls, listener: Listener) -> None:
        self._job, self._share, self._calls, self._listener = job, share, calls, listener
        self._stopped, self._ended = Event(), Event()
        self._in_flight = Group()
        self._sent_ns: dict[int, int] = {}

    def run(self, recorder: Recorder, t0_ns: int) -> None:
        """Send everything, then wait for the last answers. Whatever ends it, all that was sent is recorded."""
        self._recorder, self._intended_ns = recorder, self._job.schedule.offset_ns + t0_ns
        flusher = gevent.spawn(self._flush_on_and_on)
        try:
            for index in self._share.tolist():
                if not self._send_in_time(index):
                    break
        finally:
            self._finish()
            self._ended.set()
            flusher.join()
            self._recorder.close()

    def stop(self) -> None:
        """Send nothing more; what is in flight still gets its deadline."""
        self._stopped.set()

    def _send_in_time(self, index: int) -> bool:
        request = self._calls.request(index)  # before the wait, so that making it delays nothing
        due_ns = int(self._intended_ns[index])
        # A sleep also when late: the answers to what was sent must get their turn.
        if due_ns <= time.monotonic_ns():
            gevent.sleep(0)
        # A timer counts from when its loop last looked at the clock, so that one wait may end before its time.
        while (left_ns := due_ns - time.monotonic_ns()) > 0 and not self._stopped.is_set():
            self._stopped.wait(timeout=left_ns / NS_PER_S)
        if self._stopped.is_set():
            return False
        self._in_flight.start(gevent.Greenlet(self._operate, index, request))
        return True

    def _operate(self, index: int, request: Any) -> None:
        job, kind = self._job, Kind(self._job.schedule.kind[index])
        self._sent_ns[index] = sent_ns = time.monotonic_ns()
        raw = self._calls.send(kind, request)
        done_ns = time.monotonic_ns()
        rows = int(job.schedule.key_count[index])
        answer = raw if isinstance(raw, Answer) else read_answer(raw, kind, job.shape, rows)
        del self._sent_ns[index]
        self._recorder.record(index, sent_ns, done_ns, answer)
        self._listener(kind, done_ns - int(self._intended_ns[index]), answer)

    def _finish(self) -> None:
        self._in_flight.join(timeout=self._job.deadline_s + _GRACE_S)
        self._in_flight.kill()
        for index, sent_ns in self._sent_ns.items():
            kind = Kind(self._job.schedule.kind[index])
            self._recorder.record(index, sent_ns, -1, read_failure(kind, "CANCELLED", "the load was ended"))

    def _flush_on_and_on(self) -> None:
        threads = gevent.get_hub().threadpool  # a slow disk must not delay what is to be sent
        while not self._ended.wait(timeout=FLUSH_S):
            with suppress(OSError):  # a full disk may be free a second later: what was not written is kept
                threads.apply(self._recorder.flush)
