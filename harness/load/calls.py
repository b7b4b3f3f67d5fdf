"""What a schedule is sent through, and the client that is tuned to see the server: see harness.load.stock as well."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from harness.kind import Kind
from harness.load.answer import Answer
from harness.load.job import LoadJob
from harness.load.schedule import FIRST_UPSERT_KEY
from harness.load.wire import (
    Done,
    RawCalls,
    call_metadata,
    delete_request,
    insert_request,
    open_channel,
    read_request,
    search_request,
    upsert_request,
)


class Calls(Protocol):
    """A client. A request is made ahead of its time, so that making it delays nothing."""

    def request(self, index: int) -> Any:
        """Return what to send for the schedule's operation at this index."""
        ...

    def send(self, kind: Kind, request: Any) -> bytes | Answer:
        """Make a call; return the answer's bytes, unread, or what became of it."""
        ...

    def start(self, kind: Kind, request: Any, done: Done) -> None:
        """Make a call and return at once; `done` is told by another thread."""
        ...

    def close(self) -> None:
        """Close what it has opened."""
        ...


class TunedCalls:
    """One attempt each, with the job's deadline, over a channel that looks for a server every 50 to 200 ms."""

    def __init__(self, job: LoadJob) -> None:
        self._job, self.channel = job, open_channel(job.endpoint)
        self._raw = RawCalls(self.channel, call_metadata(job.endpoint))
        self._searches = [search_request(job.shape, query) for query in job.queries]
        self._asked: list[int] = job.schedule.query.tolist()

    def request(self, index: int) -> bytes:
        """Return an operation's bytes."""
        if (query := self._asked[index]) >= 0:
            return self._searches[query]
        schedule, collection = self._job.schedule, self._job.shape.collection
        kind, first, count = Kind(schedule.kind[index]), int(schedule.key[index]), int(schedule.key_count[index])
        at = first - FIRST_UPSERT_KEY
        match kind:
            case Kind.INSERT:
                keys = np.arange(first, first + count)
                return insert_request(collection, keys, self._job.written[at : at + count])
            case Kind.UPSERT:
                return upsert_request(collection, first, int(schedule.version[index]), self._job.written[at])
            case Kind.DELETE:
                return delete_request(collection, range(first, first + count))
            case _:
                return read_request(collection, first)

    def send(self, kind: Kind, request: bytes) -> bytes | Answer:
        """Make one attempt."""
        return self._raw.send(kind, request, self._job.deadline_s)

    def start(self, kind: Kind, request: bytes, done: Done) -> None:
        """Make one attempt, and do not wait for it."""
        self._raw.start(kind, request, self._job.deadline_s, done)

    def close(self) -> None:
        """Close the channel."""
        self.channel.close()
