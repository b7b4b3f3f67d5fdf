"""What a proxy may do to the calls that pass it: each lie is a value, and says which calls it is about.

A lie gets the request and a way to forward it, and returns the answer that the client sees. None leaves a trace that
checks or history could know of.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from pymilvus.grpc_gen import milvus_pb2

Forward = Callable[[bytes], Awaitable[bytes]]


@dataclass(frozen=True)
class Call:
    """What arrived: a method of Milvus's service, its request, and the connection it came through."""

    method: str
    request: bytes
    connection: str


class Denied(Exception):
    """The call is answered with UNAVAILABLE, and never reaches the server."""


@dataclass
class PassOn:
    """No lie: every call passes as it is."""

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Forward it."""
        return await forward(call.request)


@dataclass
class Deny(PassOn):
    """Every `every`-th call is denied; of these methods alone, of all where none is named."""

    every: int = 1
    methods: tuple[str, ...] = ()
    _seen: int = 0

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Deny it where it is its turn."""
        if not self.methods or call.method in self.methods:
            self._seen += 1
            if self._seen % self.every == 0:
                raise Denied
        return await forward(call.request)


@dataclass
class Brief(PassOn):
    """What lasts for `for_s` from when it is told."""

    for_s: float = 0.0
    _until_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._until_s = monotonic() + self.for_s

    @property
    def left_s(self) -> float:
        """How much longer it lasts."""
        return max(0.0, self._until_s - monotonic())


@dataclass
class DenySome(Brief):
    """For a time, every second connection in the order of their first calls ends at an endpoint that denies all."""

    _connections: list[str] = field(default_factory=list, init=False)

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Deny what comes through a dead endpoint."""
        if call.connection not in self._connections:
            self._connections.append(call.connection)
        if self._connections.index(call.connection) % 2 and self.left_s:
            raise Denied
        return await forward(call.request)


@dataclass
class Delay(PassOn):
    """Searches arrive so much later."""

    by_ms: float = 0.0

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Forward it late."""
        if call.method == "Search":
            await asyncio.sleep(self.by_ms / 1000)
        return await forward(call.request)


@dataclass
class HoldBack(Brief):
    """Whatever arrives in the next `for_s` waits for their end."""

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Forward it once the time is over."""
        await asyncio.sleep(self.left_s)
        return await forward(call.request)


@dataclass
class Swallow(PassOn):
    """Every `every`-th insert is acknowledged, and dropped."""

    every: int = 1
    _seen: int = 0

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Acknowledge without forwarding."""
        if call.method == "Insert":
            self._seen += 1
            if self._seen % self.every == 0:
                rows = milvus_pb2.InsertRequest.FromString(call.request).num_rows
                return _bytes(milvus_pb2.MutationResult(insert_cnt=rows, succ_index=range(rows)))
        return await forward(call.request)


@dataclass
class Replay(PassOn):
    """A read that was asked so many times before is answered as it was the first time."""

    after: int = 1
    _asked: Counter[bytes] = field(default_factory=Counter, init=False)
    _first: dict[bytes, bytes] = field(default_factory=dict, init=False)

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Answer from memory where there is one."""
        if call.method != "Query":
            return await forward(call.request)
        self._asked[call.request] += 1
        if self._asked[call.request] > self.after:
            return self._first[call.request]
        answer = await forward(call.request)
        self._first.setdefault(call.request, answer)
        return answer


@dataclass
class Shallow(PassOn):
    """Searches look into fewer lists of the index than they were told to."""

    nprobe: int = 1

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Forward another search."""
        if call.method != "Search":
            return await forward(call.request)
        search = milvus_pb2.SearchRequest.FromString(call.request)
        for pair in search.search_params:
            if pair.key == "params":
                pair.value = json.dumps({**json.loads(pair.value), "nprobe": self.nprobe})
        return await forward(_bytes(search))


@dataclass
class Swap(PassOn):
    """The first hit of a search and another one, the last, change places, with their distances."""

    other: int = -1

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Answer in another order."""
        answer = await forward(call.request)
        if call.method != "Search":
            return answer
        found = milvus_pb2.SearchResults.FromString(answer)
        for values in (found.results.ids.int_id.data, found.results.scores):
            if len(values) > 1:
                values[0], values[self.other] = values[self.other], values[0]
        return _bytes(found)


@dataclass
class Truncate(PassOn):
    """Searches succeed with fewer hits."""

    to: int = 0

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Answer with the first hits alone."""
        answer = await forward(call.request)
        if call.method != "Search":
            return answer
        found = milvus_pb2.SearchResults.FromString(answer)
        del found.results.ids.int_id.data[self.to :]
        del found.results.scores[self.to :]
        found.results.topks[:] = [len(found.results.scores)]
        return _bytes(found)


@dataclass
class Several(PassOn):
    """All of these, the first of them next to the client."""

    lies: tuple[PassOn, ...] = ()

    async def serve(self, call: Call, forward: Forward) -> bytes:
        """Hand it from one to the next."""
        if not self.lies:
            return await forward(call.request)
        inner = Several(self.lies[1:])
        return await self.lies[0].serve(call, lambda request: inner.serve(replace(call, request=request), forward))


_ALL = (PassOn, Deny, DenySome, Delay, HoldBack, Swallow, Replay, Shallow, Swap, Truncate)
LIES: dict[str, type[PassOn]] = {lie.__name__.lower(): lie for lie in _ALL}


def read_lies(text: str) -> Several:
    """Read a JSON list of lies: each its name as "lie", and its values. Errors: KeyError, TypeError, ValueError."""
    return Several(tuple(LIES[values.pop("lie")](**values) for values in json.loads(text)))


def _bytes(message: Any) -> bytes:
    serialized: bytes = message.SerializeToString()
    return serialized
