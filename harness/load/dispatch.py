"""The open loop: every operation starts when it was intended to, whatever became of those before it.

A few threads take the operations in turn: each waits for its own's time, makes the call, and takes the next. That costs
least. The last that is not in a call does not wait for its answer, which comes by a thread of gRPC's: with one of ours
for each call of a stall, thousands would wake at once, and their scramble would count as the server's latency.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history import NS_PER_S
from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.calls import Calls
from harness.load.job import LoadJob
from harness.load.recorder import Recorder
from harness.load.wire import read_answer, read_failure
from harness.plan.specs import FLUSH_S

Places = NDArray[np.int64]  # indexes into the schedule, ascending
Listener = Callable[[Kind, int, Answer], None]  # what, latency from the intended start in ns, what came of it
_THREADS = 8
_GRACE_S = 0.5  # beyond the deadline: what has not answered by then is cut off


class Dispatcher:
    """Sends a share of a job's schedule through one client and records every operation.

    Made before the start is known, since making the requests takes its time. `listener` is called by other threads.
    """

    def __init__(self, job: LoadJob, share: Places, calls: Calls, listener: Listener) -> None:
        self._job, self._calls, self._listener = job, calls, listener
        self._kinds = [Kind(kind) for kind in job.schedule.kind.tolist()]
        self._rows: list[int] = job.schedule.key_count.tolist()
        self._left = iter(share.tolist())
        self._unsent = len(share)
        self._spare = deque([None] * (_THREADS - 1))  # one for each thread that may wait; its methods are atomic
        self._sent_ns: dict[int, int] = {}  # of what has not answered yet
        self._recording = threading.Condition()
        self._stopped, self._ended = threading.Event(), threading.Event()

    def run(self, recorder: Recorder, t0_ns: int) -> None:
        """Send everything, then wait for the last answers. Whatever ends it, all that was sent is recorded."""
        self._recorder = recorder
        self._intended_ns: list[int] = (self._job.schedule.offset_ns + t0_ns).tolist()
        flusher = threading.Thread(target=self._flush_on_and_on, daemon=True)
        flusher.start()
        if not self._unsent:
            self.stop()
        try:
            for _ in range(_THREADS):
                threading.Thread(target=self._work, daemon=True).start()
            self._stopped.wait()
        finally:
            self.stop()
            self._finish()
            self._ended.set()
            flusher.join()
            self._recorder.close()

    def stop(self) -> None:
        """Send nothing more; what is in flight still gets its deadline."""
        self._stopped.set()

    def _work(self) -> None:
        try:
            for index in self._left:
                request = self._calls.request(index)  # before the wait, so that making it delays nothing
                self._wait_until(self._intended_ns[index])
                if not self._begin(index):
                    return
                self._send(index, request)
        except BaseException:
            self.stop()  # nobody waits for what will not be sent
            raise

    def _wait_until(self, due_ns: int) -> None:
        while (left_ns := due_ns - time.monotonic_ns()) > 0 and not self._stopped.is_set():
            self._stopped.wait(timeout=left_ns / NS_PER_S)

    def _begin(self, index: int) -> bool:
        """Count an operation as sent; return whether it is still to be sent."""
        with self._recording:
            if self._stopped.is_set():
                return False
            self._sent_ns[index] = time.monotonic_ns()
            self._unsent -= 1
            if not self._unsent:
                self.stop()
        return True

    def _send(self, index: int, request: Any) -> None:
        kind = self._kinds[index]
        try:
            self._spare.pop()
        except IndexError:
            self._calls.start(kind, request, partial(self._answered, index))
            return
        self._answered(index, self._calls.send(kind, request))
        self._spare.append(None)

    def _answered(self, index: int, raw: bytes | Answer) -> None:
        done_ns = time.monotonic_ns()
        kind = self._kinds[index]
        answer = raw if isinstance(raw, Answer) else read_answer(raw, kind, self._job.shape, self._rows[index])
        with self._recording:
            sent_ns = self._sent_ns.pop(index, None)
            if sent_ns is None:
                return  # it was cut off, and is on record so
            self._recorder.record(index, sent_ns, done_ns, answer)
            if not self._sent_ns:
                self._recording.notify()
        self._listener(kind, done_ns - self._intended_ns[index], answer)

    def _finish(self) -> None:
        with self._recording:  # once it is stopped, nothing more is sent
            self._recording.wait_for(lambda: not self._sent_ns, timeout=self._job.deadline_s + _GRACE_S)
            for index, sent_ns in self._sent_ns.items():
                answer = read_failure(self._kinds[index], "CANCELLED", "the load was ended")
                self._recorder.record(index, sent_ns, -1, answer)
            self._sent_ns.clear()

    def _flush_on_and_on(self) -> None:
        while not self._ended.wait(timeout=FLUSH_S):
            with suppress(OSError):  # a full disk may be free a second later: what was not written is kept
                self._recorder.flush()
