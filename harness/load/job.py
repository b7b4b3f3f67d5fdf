"""What the harness hands to the load process: a folder with the schedule, the vectors and `load.json`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from harness.cluster import Endpoint
from harness.errors import BadInput
from harness.kind import Kind
from harness.load.schedule import Schedule, load_schedule, load_vectors, save_schedule
from harness.load.wire import SearchShape

FOLDER_VARIABLE = "MILVUS_HARNESS_LOAD"  # the folder; set by the harness alone
TOKEN_VARIABLE = "MILVUS_HARNESS_TOKEN"  # noqa: S105 - a variable's name; neither arguments nor files hold the token
OWNER_VARIABLE = "MILVUS_HARNESS_OWNER"  # which run a process belongs to, for whoever cleans up
JOB_FILE = "load.json"
WRITER_VARIABLE = "MILVUS_HARNESS_WRITER"  # which of the load processes it is
STOCK = "stock"  # the one whose client is pymilvus as it comes
NATIVE_VARIABLE = "LOCUST_SKIP_MONKEY_PATCH"  # Locust's own: threads stay the system's
# gRPC's own, for the tuned client alone: a thread that makes a call waits on the socket itself, where the event engine
# has others wake it for every answer. An idle channel is then looked at by a poller, every 5 s unless told otherwise.
TUNED_GRPC = {"GRPC_EXPERIMENTS": "-event_engine_client", "GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS": "50"}


def ready_file(writer: str) -> str:
    """Name the file that is there once a load process waits for its start; it holds what the process's clock says."""
    return f"load-{writer}.ready"


def client_variables(writer: str) -> dict[str, str]:
    """Return what a load process's environment says of its client, from before it starts: later is too late."""
    return {NATIVE_VARIABLE: "1"} | ({} if writer == STOCK else TUNED_GRPC)


def writers(schedule: Schedule, processes: int) -> tuple[str, ...]:
    """Return the names of the processes that share a schedule: so many, and one more for stock searches."""
    stock = (STOCK,) if (schedule.kind == Kind.STOCK).any() else ()
    return (*(str(number) for number in range(processes)), *stock)


def share(schedule: Schedule, writer: str, processes: int) -> NDArray[np.int64]:
    """Return the indexes of the operations that a process sends, ascending; each is in one share alone."""
    stock = schedule.kind == Kind.STOCK
    return np.flatnonzero(stock) if writer == STOCK else np.flatnonzero(~stock)[int(writer) :: processes]


@dataclass(frozen=True, eq=False)
class LoadJob:
    """The traffic of one scenario and where it goes. queries has shape (q, dim), written (w, dim).

    `processes` share what goes through tuned channels.
    """

    endpoint: Endpoint
    shape: SearchShape
    schedule: Schedule
    queries: NDArray[np.float32]
    written: NDArray[np.float32]
    deadline_s: float
    processes: int = 1


@dataclass(frozen=True)
class _JobFile:
    host: str
    port: int
    tls: bool
    deadline_s: float
    processes: int
    shape: SearchShape


def save_job(folder: Path, job: LoadJob) -> None:
    """Write everything but the token, which travels in TOKEN_VARIABLE."""
    folder.mkdir(parents=True, exist_ok=True)
    save_schedule(folder, job.schedule, job.queries, job.written)
    shape = replace(job.shape, params=dict(job.shape.params))
    to = job.endpoint
    content = _JobFile(to.host, to.port, to.tls, job.deadline_s, job.processes, shape)
    (folder / JOB_FILE).write_bytes(TypeAdapter(_JobFile).dump_json(content, indent=1))


def load_job(folder: Path) -> LoadJob:
    """Read a job back; the token is TOKEN_VARIABLE's value. Raises BadInput where the folder holds none."""
    path = folder / JOB_FILE
    try:
        content = TypeAdapter(_JobFile).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput("is no job for the load", where=str(path), mend=f"unset {FOLDER_VARIABLE}") from error
    endpoint = Endpoint(content.host, content.port, os.environ.get(TOKEN_VARIABLE, ""), content.tls)
    queries, written = load_vectors(folder)
    schedule = load_schedule(folder)
    return LoadJob(endpoint, content.shape, schedule, queries, written, content.deadline_s, content.processes)
