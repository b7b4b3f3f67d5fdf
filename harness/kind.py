"""The kinds of operations: apart from what holds them, so that a scenario can be written without numpy."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What a client asked for. All but STOCK goes through channels tuned to see the server, not the client."""

    SEARCH = 0
    INSERT = 1
    DELETE = 2
    UPSERT = 3  # of a row that is there for it: see Truth
    READ = 4  # by key, with Strong consistency: the row as the last acknowledged write left it
    STOCK = 5  # a search through pymilvus as it comes, with its retries: what an application sees


SEARCHES = (Kind.SEARCH, Kind.STOCK)
WRITES = (Kind.INSERT, Kind.DELETE, Kind.UPSERT)
