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
from harness.load.schedule import Schedule, load_schedule, load_vectors, save_schedule
from harness.load.wire import SearchShape

FOLDER_VARIABLE = "MILVUS_HARNESS_LOAD"  # the folder; set by the harness alone
TOKEN_VARIABLE = "MILVUS_HARNESS_TOKEN"  # noqa: S105 - a variable's name; neither arguments nor files hold the token
OWNER_VARIABLE = "MILVUS_HARNESS_OWNER"  # which run a process belongs to, for whoever cleans up
JOB_FILE = "load.json"
READY_FILE = "load.ready"  # there once the load process waits for its start


@dataclass(frozen=True, eq=False)
class LoadJob:
    """The traffic of one scenario and where it goes. queries has shape (q, dim), inserts (w, dim)."""

    endpoint: Endpoint
    shape: SearchShape
    schedule: Schedule
    queries: NDArray[np.float32]
    inserts: NDArray[np.float32]
    deadline_s: float


@dataclass(frozen=True)
class _JobFile:
    host: str
    port: int
    tls: bool
    deadline_s: float
    shape: SearchShape


def save_job(folder: Path, job: LoadJob) -> None:
    """Write everything but the token, which travels in TOKEN_VARIABLE."""
    folder.mkdir(parents=True, exist_ok=True)
    save_schedule(folder, job.schedule, job.queries, job.inserts)
    shape = replace(job.shape, params=dict(job.shape.params))
    content = _JobFile(job.endpoint.host, job.endpoint.port, job.endpoint.tls, job.deadline_s, shape)
    (folder / JOB_FILE).write_bytes(TypeAdapter(_JobFile).dump_json(content, indent=1))


def load_job(folder: Path) -> LoadJob:
    """Read a job back; the token is TOKEN_VARIABLE's value. Raises BadInput where the folder holds none."""
    path = folder / JOB_FILE
    try:
        content = TypeAdapter(_JobFile).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput("is no job for the load", where=str(path), mend=f"unset {FOLDER_VARIABLE}") from error
    endpoint = Endpoint(content.host, content.port, os.environ.get(TOKEN_VARIABLE, ""), content.tls)
    queries, inserts = load_vectors(folder)
    return LoadJob(endpoint, content.shape, load_schedule(folder), queries, inserts, content.deadline_s)
