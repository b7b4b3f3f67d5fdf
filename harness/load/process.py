"""Locust in a process of its own, and what the harness sees of it while it runs."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from harness.errors import ClusterError
from harness.history import NS_PER_S, Outcome
from harness.load.job import FOLDER_VARIABLE, OWNER_VARIABLE, READY_FILE, TOKEN_VARIABLE, LoadJob, save_job
from harness.load.operations import STREAMS, Stream

LOG_FILE = "load.log"
_LOCUST_FILE = "loadtests.search"
_AHEAD_NS = NS_PER_S // 5  # from saying when it starts to the start
_RATE_OVER_S = 5.0
_STOP_S = 5.0  # beyond the deadline of the traffic, to record what is in flight
_POLL_S = 0.02


@dataclass(frozen=True)
class LoadProgress:
    """How far the load is: operations done, how many of them were not OK, and the rate of the last 5 s, per s."""

    done: int
    errors: int
    rate: float


class LoadProcess:
    """One run of a job. A context manager: starts at its beginning, and is stopped at its end, whatever happened.

    `folder` receives the schedule, the streams and the log; `owner` is put into the process's environment as
    MILVUS_HARNESS_OWNER. The process ends by itself when this one does.
    """

    def __init__(self, folder: Path, job: LoadJob, *, owner: str) -> None:
        self._folder, self._job, self._owner = folder, job, owner
        self._process: subprocess.Popen[bytes] | None = None
        self._progress = _Tail(folder)
        self._t0_ns: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def t0_ns(self) -> int:
        """When the schedule starts, on CLOCK_MONOTONIC; known once started."""
        if self._t0_ns is None:
            raise self._failed("was never started")
        return self._t0_ns

    @property
    def pid(self) -> int:
        """The process's id, which is that of its session as well."""
        if self._process is None:
            raise self._failed("was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it still runs; False too once the schedule was sent to its end."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_s: float = 30.0) -> None:
        """Write the folder, start Locust, and begin the schedule 0.2 s after it is ready. Raises ClusterError."""
        save_job(self._folder, self._job)
        with (self._folder / LOG_FILE).open("wb") as log:
            self._process = subprocess.Popen(
                _command(self._job),
                cwd=self._folder,
                env=_environment(self._folder, self._job, self._owner),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait("did not get ready", (self._folder / READY_FILE).exists, timeout_s)
        self._t0_ns = time.monotonic_ns() + _AHEAD_NS
        self._tell_start(self._process)

    def started(self, timeout_s: float = 30.0) -> None:
        """Wait until the first operation is recorded. Raises ClusterError with the log's last line."""
        self._wait("recorded nothing", lambda: self.progress().done > 0, timeout_s)

    def progress(self) -> LoadProgress:
        """Return how far it is, reading only what was recorded since the last call."""
        return self._progress.read()

    def stop(self) -> None:
        """End it: at once what is scheduled, within its deadline what is in flight. Nothing to do twice."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=self._job.deadline_s + _STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdin:
            process.stdin.close()

    def _tell_start(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
        try:
            process.stdin.write(b"%d\n" % self.t0_ns)
            process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failed("ended before it started") from error

    def _wait(self, failed: str, reached: Callable[[], bool], timeout_s: float) -> None:
        polls = Retrying(
            stop=stop_after_delay(timeout_s),
            wait=wait_fixed(_POLL_S),
            retry=retry_if_result(lambda yes: not yes),
        )
        try:
            polls(lambda: reached() or not self.running)
        except RetryError as error:
            raise self._failed(f"{failed} in {timeout_s:g} s") from error
        if not reached():
            raise self._failed("ended at once")

    def _failed(self, what: str) -> ClusterError:
        log = self._folder / LOG_FILE
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        last = lines[-1].strip() if lines else "it wrote nothing"
        return ClusterError(f"the load process {what}", where=str(log), mend=f"its last line: {last}")


class _Tail:
    """Counts what the streams hold, each byte read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: dict[Path, Stream] = {}
        self._done = self._errors = 0
        self._recent: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def read(self) -> LoadProgress:
        for path in self._folder.glob(STREAMS):
            for batch in self._streams.setdefault(path, Stream(path)).read():
                self._done += batch.num_rows
                self._errors += int(np.count_nonzero(batch["outcome"].to_numpy() != Outcome.OK))
        return LoadProgress(self._done, self._errors, self._rate(time.monotonic()))

    def _rate(self, now_s: float) -> float:
        self._recent.append((now_s, self._done))
        while len(self._recent) > 2 and self._recent[1][0] <= now_s - _RATE_OVER_S:
            self._recent.popleft()
        since_s, before = self._recent[0]
        return (self._done - before) / max(now_s - since_s, 1e-9)


def _command(job: LoadJob) -> list[str]:
    found = importlib.util.find_spec(_LOCUST_FILE)
    assert found is not None and found.origin is not None  # noqa: S101, PT018 - it is installed beside this file
    options = ["--headless", "--only-summary", "--users", "1", "--spawn-rate", "1", "--exit-code-on-error", "0"]
    patience = ["--stop-timeout", str(int(job.deadline_s) + 2)]
    return [sys.executable, "-m", "locust", "-f", found.origin, "--host", job.endpoint.address, *options, *patience]


def _environment(folder: Path, job: LoadJob, owner: str) -> dict[str, str]:
    """Ours, without what would configure Locust otherwise; this checkout's modules first."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    root = str(Path(__file__).resolve().parents[2])
    return inherited | {
        FOLDER_VARIABLE: str(folder.resolve()),
        OWNER_VARIABLE: owner,
        TOKEN_VARIABLE: job.endpoint.token,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, inherited.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
    }
