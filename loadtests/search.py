"""Searches, inserts and deletes on a schedule fixed beforehand: an open loop, recorded raw.

Started by the harness, the folder named by MILVUS_HARNESS_LOAD holds the schedule and where it goes. The moment
of the start comes as one line on standard input, whose end is this process's end: it never outlives the harness.

Alone it makes a small schedule of its own:

    locust -f loadtests/search.py --headless --host 127.0.0.1:19530 --seconds 60

A collection that exists is searched with random queries; writes must be asked for (--insert-rate, --delete-rate)
and need the fields pk, vector and version. One that does not exist is made, seeded, and asked to write as well.
Its options, which Locust's own --help leaves out as it does those of every file:

    --collection NAME         collection to ask; where there is none it is made, with 10,000 seeded rows (harness)
    --seed N                  of the rows, the queries and the schedule (0)
    --seconds S               length of the schedule; the run ends with it (60)
    --search-rate R           searches per second (50)
    --insert-rate R           inserts per second (5 where the collection is made, else none)
    --delete-rate R           deletes per second, at most the inserts (1 where the collection is made, else none)
    --k N                     hits asked for by a search (10)
    --deadline-s S            seconds after which a client gives up (1)
    --consistency LEVEL       of the searches: Strong, Session, Bounded or Eventually (Bounded)
    --records FOLDER          for the raw operations (a fresh folder, printed)

A token is read from MILVUS_HARNESS_TOKEN, never from an option.
Each operation is recorded in Arrow streams in the folder of --records (read them with pandas or DuckDB); Locust's
own figures are for watching only: they are rounded. Latencies count from the intended start.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import deque
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import gevent
import grpc
from gevent.monkey import is_module_patched
from gevent.os import make_nonblocking, nb_read
from locust import User, events, task
from locust.exception import StopUser

from harness.errors import HarnessError
from harness.history import NS_PER_MS
from harness.kind import Kind
from harness.load.alone import HELP, TYPES, Options, job_alone, parse_host
from harness.load.answer import Answer
from harness.load.calls import Calls, TunedCalls
from harness.load.dispatch import Dispatcher
from harness.load.job import (
    FOLDER_VARIABLE,
    STOCK,
    TOKEN_VARIABLE,
    WRITER_VARIABLE,
    LoadJob,
    client_variables,
    load_job,
    ready_file,
    save_job,
    share,
)
from harness.load.recorder import Recorder

if is_module_patched("threading"):
    # Unless told before it is imported, Locust makes greenlets of all threads; the traffic needs the system's own.
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | client_variables("alone"))  # noqa: S606 - ourselves

_AHEAD_NS = 200 * NS_PER_MS  # of the start, when alone
_CONNECT_S = 2.0  # a cluster that cannot be reached by then is measured as it is: not there
_SHOWN_EVERY_S = 1.0
_STDIN = 0


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # Locust is not followed
def _add_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("Milvus", "Traffic of this file when it runs alone.")
    for option in fields(Options):
        name, meaning = f"--{option.name.replace('_', '-')}", HELP[option.name]
        group.add_argument(name, type=TYPES[option.name], default=option.default, help=meaning)
    group.add_argument("--records", default="", help="folder for the raw operations (default: a fresh one, printed)")


class Traffic(User):  # type: ignore[misc] # as above
    """The one user that keeps the schedule; Locust's count of users has no say in it."""

    fixed_count = 1

    @task  # type: ignore[untyped-decorator] # as above
    def keep_schedule(self) -> None:
        """Send everything the schedule holds, then end the run."""
        try:
            self._run()
        except HarnessError as error:
            self.environment.process_exit_code = error.exit_code
            logging.error("%s", error)  # noqa: TRY400 - one line for the user, without a traceback
        gevent.spawn(self._end)
        raise StopUser

    def _run(self) -> None:
        given = os.environ.get(FOLDER_VARIABLE)
        folder, job = (Path(given), load_job(Path(given))) if given else self._alone()
        writer = os.environ.get(WRITER_VARIABLE, "0")
        with closing(_connected(job, writer)) as calls:
            done: deque[tuple[Kind, int, Answer]] = deque()
            dispatcher = Dispatcher(job, share(job.schedule, writer, job.processes), calls, lambda *it: done.append(it))
            for ending in (self.environment.events.quitting, self.environment.events.test_stopping):
                ending.add_listener(lambda **_: dispatcher.stop())
            t0_ns = _told_start(folder, writer) if given else time.monotonic_ns() + _AHEAD_NS
            if t0_ns is None:
                return
            gc.collect()
            gc.freeze()  # what is there now stays, and need not be looked through again and again
            recorder = Recorder(folder, f"{writer}-{os.getpid()}", job.schedule, t0_ns)
            running = gevent.get_hub().threadpool.spawn(dispatcher.run, recorder, t0_ns)
            while not running.ready():
                running.wait(timeout=_SHOWN_EVERY_S)
                self._show(done)
            running.get()

    def _alone(self) -> tuple[Path, LoadJob]:
        said = vars(self.environment.parsed_options)
        endpoint = parse_host(self.environment.host or "", os.environ.get(TOKEN_VARIABLE, ""))
        job = job_alone(endpoint, Options(**{f.name: said[f.name] for f in fields(Options)}))
        folder = Path(said["records"] or tempfile.mkdtemp(prefix="milvus-load-"))
        save_job(folder, job)
        logging.info("raw operations: %s", folder)
        return folder, job

    def _show(self, done: deque[tuple[Kind, int, Answer]]) -> None:
        """Tell Locust, which is no place for threads, what came of operations since the last time."""
        for kind, latency_ns, answer in [done.popleft() for _ in range(len(done))]:
            self.environment.events.request.fire(
                request_type="milvus",
                name=kind.name.lower(),
                response_time=latency_ns / NS_PER_MS,
                response_length=len(answer.hits),
                exception=RuntimeError(answer.error) if answer.error else None,
                context={},
            )

    def _end(self) -> None:
        runner: Any = self.environment.runner
        options: Any = self.environment.parsed_options
        if options.headless:
            runner.quit()
        else:
            runner.stop()


def _connected(job: LoadJob, writer: str) -> Calls:
    if writer == STOCK:
        from harness.load.stock import StockCalls  # noqa: PLC0415 - slow to import, and for one process alone

        return StockCalls(job)
    calls = TunedCalls(job)
    try:
        grpc.channel_ready_future(calls.channel).result(timeout=_CONNECT_S)
    except grpc.FutureTimeoutError:
        logging.warning("not connected yet; starting all the same")
    return calls


def _told_start(folder: Path, writer: str) -> int | None:
    """Say that all is ready, then the time for every empty line, until told the start; None if the harness ended."""
    make_nonblocking(_STDIN)
    ready = folder / ready_file(writer)
    _tell_time(ready)
    while line := _line():
        if line.strip():
            gevent.spawn(_end_with_harness)
            return int(line)
        _tell_time(ready)
    return None


def _tell_time(ready: Path) -> None:
    half = ready.with_suffix(".new")
    half.write_bytes(b"%d" % time.monotonic_ns())
    half.replace(ready)


def _line() -> bytes:
    """Return the next line, empty where there is none any more."""
    line = b""
    while not line.endswith(b"\n"):
        byte: bytes = nb_read(_STDIN, 1)
        if not byte:
            return b""
        line += byte
    return line


def _end_with_harness() -> None:
    while nb_read(_STDIN, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # as if stopped: what is in flight is still recorded
