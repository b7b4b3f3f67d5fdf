"""The open loop: every operation starts when it was intended to, whatever became of those before it.

The system's own threads take turns: one waits for the next operation's time, hands the turn on, and makes the call. A
greenlet's call would cost half as much again, since gRPC hands each to another thread and back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
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

    Made before the start is known, since making the requests takes its time. `listener` is called by many threads.
    """

    def __init__(self, job: LoadJob, share: Share, calls: Calls, listener: Listener) -> None:
        self._job, self._calls, self._listener = job, calls, listener
        kinds = dict(enumerate(Kind))
        self._kinds = [kinds[kind] for kind in job.schedule.kind.tolist()]
        self._rows: list[int] = job.schedule.key_count.tolist()
        self._left = iter(share.tolist())
        self._turn, self._recording = threading.Lock(), threading.Lock()
        self._waiting: deque[None] = deque()  # one for each thread without the turn; its methods are atomic
        self._threads: list[threading.Thread] = []
        self._stopped, self._sent_all, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._sent_ns: dict[int, int] = {}

    def run(self, recorder: Recorder, t0_ns: int) -> None:
        """Send everything, then wait for the last answers. Whatever ends it, all that was sent is recorded."""
        self._recorder = recorder
        self._intended_ns: list[int] = (self._job.schedule.offset_ns + t0_ns).tolist()
        flusher = threading.Thread(target=self._flush_on_and_on, daemon=True)
        flusher.start()
        try:
            self._start_a_thread()
            self._sent_all.wait()
        finally:
            self._finish()
            self._ended.set()
            flusher.join()
            self._recorder.close()

    def stop(self) -> None:
        """Send nothing more; what is in flight still gets its deadline."""
        self._stopped.set()

    def _start_a_thread(self) -> None:
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            self._operate(*taken)

    def _take(self) -> tuple[int, Any] | None:
        """Wait for the turn, then for the next operation's time; return what to send, None where there is no more."""
        self._waiting.append(None)
        with self._turn:
            self._waiting.pop()
            index = next(self._left, None)
            request = None if index is None else self._calls.request(index)  # making it delays nothing
            if index is None or not self._in_time(index):
                self._sent_all.set()
                return None
            if not self._waiting:
                with suppress(RuntimeError):  # no more to be had: what comes next waits, and the send lag shows it
                    self._start_a_thread()
            return index, request

    def _in_time(self, index: int) -> bool:
        """Wait for an operation's time; return whether it is still to be sent."""
        due_ns = self._intended_ns[index]
        while (left_ns := due_ns - time.monotonic_ns()) > 0 and not self._stopped.is_set():
            self._stopped.wait(timeout=left_ns / NS_PER_S)
        return not self._stopped.is_set()

    def _operate(self, index: int, request: Any) -> None:
        kind = self._kinds[index]
        self._sent_ns[index] = sent_ns = time.monotonic_ns()
        raw = self._calls.send(kind, request)
        done_ns = time.monotonic_ns()
        answer = raw if isinstance(raw, Answer) else read_answer(raw, kind, self._job.shape, self._rows[index])
        with self._recording:
            if self._sent_ns.pop(index, None) is None:
                return  # it was cut off, and is on record so
            self._recorder.record(index, sent_ns, done_ns, answer)
        self._listener(kind, done_ns - self._intended_ns[index], answer)

    def _finish(self) -> None:
        until_s = time.monotonic() + self._job.deadline_s + _GRACE_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, until_s - time.monotonic()))
        with self._recording:
            for index, sent_ns in self._sent_ns.items():
                answer = read_failure(self._kinds[index], "CANCELLED", "the load was ended")
                self._recorder.record(index, sent_ns, -1, answer)
            self._sent_ns.clear()

    def _flush_on_and_on(self) -> None:
        while not self._ended.wait(timeout=FLUSH_S):
            with suppress(OSError):  # a full disk may be free a second later: what was not written is kept
                self._recorder.flush()
