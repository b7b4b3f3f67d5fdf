"""Locust in processes of its own, and what the harness sees of them while they run."""

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
from harness.history import NS_PER_S, Result
from harness.load.job import (
    FOLDER_VARIABLE,
    OWNER_VARIABLE,
    TOKEN_VARIABLE,
    WRITER_VARIABLE,
    LoadJob,
    client_variables,
    ready_file,
    save_job,
    writers,
)
from harness.load.operations import STREAMS, StreamFile

_LOCUST_FILE = "loadtests.search"
_AHEAD_NS = NS_PER_S // 5  # from saying when it starts to the start
_RATE_OVER_S = 5.0
_STOP_S = 5.0  # beyond the deadline of the traffic, to record what is in flight
_POLL_S = 0.02


def log_file(writer: str) -> str:
    """Name a load process's log."""
    return f"load-{writer}.log"


@dataclass(frozen=True)
class LoadProgress:
    """How far the load is: operations done, how many of them were not OK, and the rate of the last 5 s, per s."""

    done: int
    errors: int
    rate: float


class Load:
    """One run of a job. A context manager: starts at its beginning, and is stopped at its end, whatever happened.

    `folder` receives the schedule, the streams and the logs; `owner` is put into the processes' environment as
    MILVUS_HARNESS_OWNER. The processes end by themselves when this one does.
    """

    def __init__(self, folder: Path, job: LoadJob, *, owner: str) -> None:
        self._folder, self.job, self._owner = folder, job, owner
        self._processes: tuple[_Process, ...] = ()
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
        assert self._t0_ns is not None  # noqa: S101 - a defect of the caller's
        return self._t0_ns

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes' ids, each that of a session as well."""
        return tuple(process.pid for process in self._processes)

    @property
    def ended(self) -> str:
        """The log of a process that has ended, also once its schedule was sent to its end; empty while all run."""
        return next((str(process.log) for process in self._processes if not process.running), "")

    def start(self, timeout_s: float = 30.0) -> None:
        """Write the folder, start Locust, and begin the schedule 0.2 s after all are ready. Raises ClusterError."""
        save_job(self._folder, self.job)
        names = writers(self.job.schedule, self.job.processes)
        try:
            for name in names:
                self._processes += (_Process(self._folder, self.job, name, self._owner),)
            for process in self._processes:
                process.wait_ready(timeout_s)
            self._t0_ns = time.monotonic_ns() + _AHEAD_NS
            for process in self._processes:
                process.tell_start(self._t0_ns)
        except BaseException:
            self.stop()
            raise

    def started(self, timeout_s: float = 30.0) -> None:
        """Wait until the first operation is recorded. Raises ClusterError with a log's last line."""
        self._processes[0].wait("recorded nothing", lambda: self.progress().done > 0, timeout_s)

    def progress(self) -> LoadProgress:
        """Return how far it is, reading only what was recorded since the last call."""
        return self._progress.read()

    def stop(self) -> None:
        """End it: at once what is scheduled, within its deadline what is in flight. Nothing to do twice."""
        for process in self._processes:
            process.terminate()
        until_s = time.monotonic() + self.job.deadline_s + _STOP_S
        for process in self._processes:
            process.end(until_s)


class _Process:
    """One of them, with its share of the schedule."""

    def __init__(self, folder: Path, job: LoadJob, writer: str, owner: str) -> None:
        self._ready, self.log = folder / ready_file(writer), folder / log_file(writer)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                _command(job),
                cwd=folder,
                env=_environment(folder, job, writer, owner),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until it is, ask it the time, and refuse one with another clock: its times would mean nothing."""
        self.wait("did not get ready", self._ready.exists, timeout_s)
        self._ready.unlink()
        asked_ns = time.monotonic_ns()
        self._tell(b"\n")
        self.wait("did not say the time", self._ready.exists, timeout_s)
        theirs_ns, now_ns = int(self._ready.read_bytes()), time.monotonic_ns()
        if not asked_ns <= theirs_ns <= now_ns:
            apart_s = (theirs_ns - now_ns) / NS_PER_S
            raise self._failed(f"has another clock: {apart_s:+.3f} s", mend="run both in one time namespace")

    def tell_start(self, t0_ns: int) -> None:
        self._tell(b"%d\n" % t0_ns)

    def _tell(self, line: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failed("ended before it started") from error

    def wait(self, failed: str, reached: Callable[[], bool], timeout_s: float) -> None:
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

    def terminate(self) -> None:
        if self.running:
            self._process.terminate()

    def end(self, until_s: float) -> None:
        """Wait for it, and kill it where that takes longer."""
        try:
            self._process.wait(timeout=max(0.0, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _failed(self, what: str, mend: str = "") -> ClusterError:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        last = lines[-1].strip() if lines else "it wrote nothing"
        return ClusterError(f"the load process {what}", where=str(self.log), mend=mend or f"its last line: {last}")


class _Tail:
    """Counts what the streams hold, each byte read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: dict[Path, StreamFile] = {}
        self._done = self._errors = 0
        self._recent: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def read(self) -> LoadProgress:
        for path in self._folder.glob(STREAMS):
            for batch in self._streams.setdefault(path, StreamFile(path)).read():
                self._done += batch.num_rows
                self._errors += int(np.count_nonzero(batch["outcome"].to_numpy() != Result.OK))
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


def _environment(folder: Path, job: LoadJob, writer: str, owner: str) -> dict[str, str]:
    """Ours, without what would configure Locust otherwise; this checkout's modules first."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    root = str(Path(__file__).resolve().parents[2])
    ours = {
        FOLDER_VARIABLE: str(folder.resolve()),
        OWNER_VARIABLE: owner,
        WRITER_VARIABLE: writer,
        TOKEN_VARIABLE: job.endpoint.token,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, inherited.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
    }
    return inherited | client_variables(writer) | ours
