"""What this machine does by itself: python -m harness.load.yardstick ROWS DIM K FOLDER prints it as one line of JSON.

A process of its own, so that gRPC is set up in it as in the load's. In milliseconds: `client`, the median of a search
by the load's client over a connection of its own to a server that answers at once; `search`, one exact search of
ROWS x DIM (50,000 rows at most) on one core, while every core searches, so that a share of a core that is missing is
seen; `fsync`, 4 kB written and forced to FOLDER's disk; `start`, an interpreter from its start to its end.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic

import numpy as np

from harness.history import Truth
from harness.kind import Kind
from harness.load.canned import Canned
from harness.load.wire import RawCalls, SearchShape, open_channel, search_request

PARTS = ("client", "search", "fsync", "start")
_CLIENT_S, _SEARCH_S, _EVERY_S = 1.0, 0.5, 0.01
_FSYNCS, _STARTS = 15, 5
_ROWS_MAX = 50_000  # more tell nothing else of the machine, and take its memory
_BLOCK = bytes(4096)


def _ms(work: Callable[[], object]) -> float:
    begin_s = monotonic()
    work()
    return (monotonic() - begin_s) * 1e3


def client_ms(dim: int, k: int) -> float:
    """Return the median of searches at 100 a second, in ms; those sent late, too, since it sent them late itself."""
    ids, near = np.arange(k)[None], np.arange(k, dtype=np.float32)[None]
    none = np.zeros(0, np.int64)
    request = search_request(SearchShape("yardstick", "L2", k, {"nprobe": 1}), np.zeros(dim, np.float32))
    truth = Truth("L2", k, k, ids, near, none, np.zeros((1, 0), np.float32))
    with Canned(truth) as server, closing(open_channel(server.endpoint)) as channel:
        calls, pause, taken = RawCalls(channel), threading.Event(), list[float]()
        calls.send(Kind.SEARCH, request, 10.0)  # the connection is made
        begin_s = monotonic()
        for number in range(round(_CLIENT_S / _EVERY_S)):
            due_s = begin_s + number * _EVERY_S
            pause.wait(max(0.0, due_s - monotonic()))
            calls.send(Kind.SEARCH, request, 10.0)
            taken.append((monotonic() - due_s) * 1e3)
    return statistics.median(taken)


def search_ms(rows: int, dim: int, k: int) -> float:
    """Return how long one exact search takes on one core while every core searches, in ms: the mean."""
    random = np.random.Generator(np.random.PCG64(0))
    rows = min(rows, _ROWS_MAX)
    vectors, query = random.random((rows, dim), np.float32), random.random(dim, np.float32)
    squares = (vectors**2).sum(axis=1)
    cores = len(os.sched_getaffinity(0))
    done = [0] * cores
    end_s = monotonic() + _SEARCH_S

    def search(core: int) -> None:
        while monotonic() < end_s:
            np.argpartition(squares - 2 * (vectors @ query), min(k, rows - 1))
            done[core] += 1

    threads = [threading.Thread(target=search, args=(core,)) for core in range(cores)]

    def all_of_them() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return _ms(all_of_them) * cores / max(1, sum(done))


def fsync_ms(folder: Path) -> float:
    """Return the median of 4 kB written and forced to the folder's disk, in ms."""
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:

        def write() -> None:
            file.write(_BLOCK)
            os.fsync(file.fileno())

        return statistics.median(_ms(write) for _ in range(_FSYNCS))


def start_ms() -> float:
    """Return the median of an interpreter's whole life, in ms."""
    command = [sys.executable, "-I", "-S", "-c", "pass"]
    return statistics.median(_ms(lambda: subprocess.run(command, check=True)) for _ in range(_STARTS))


def main(arguments: list[str]) -> None:
    """Measure, and print it."""
    rows, dim, k = map(int, arguments[:3])
    measured = (client_ms(dim, k), search_ms(rows, dim, k), fsync_ms(Path(arguments[3])), start_ms())
    print(json.dumps(dict(zip(PARTS, measured, strict=True))))  # noqa: T201 - a program's result


if __name__ == "__main__":
    main(sys.argv[1:])
