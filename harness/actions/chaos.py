"""Faults that a seed draws from a pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from harness.action import AnyAction
from harness.actions.kill import Kill
from harness.actions.pause import Pause
from harness.actions.together import Together
from harness.cluster import Role
from harness.value import Count, value

if TYPE_CHECKING:  # a scenario can be written without numpy
    from numpy.random import Generator

# A pool never changes, so that an old seed means the same for good: what is new comes in one of a new name.
# A cluster with one query node less must be able to serve, so dependencies come singly too.
POOLS: Mapping[str, tuple[AnyAction, ...]] = {
    "members": (
        Kill(Role.QUERY_NODE),
        Pause(Role.QUERY_NODE),
        Kill(Role.PROXY),
        Kill(Role.COORDINATORS),
        Kill(Role.DATA_NODE),
        Kill(Role.INDEX_NODE),
        Kill(Role.ETCD),
        Kill(Role.OBJECT_STORE),
        Kill(Role.MESSAGE_QUEUE),
    ),
    "overlapping": (
        Together(Kill(Role.QUERY_NODE), Pause(Role.PROXY)),
        Together(Kill(Role.PROXY), Kill(Role.COORDINATORS)),
        Together(Kill(Role.QUERY_NODE), Kill(Role.DATA_NODE)),
        Together(Pause(Role.COORDINATORS), Kill(Role.INDEX_NODE)),
        Together(Kill(Role.ETCD), Kill(Role.QUERY_NODE)),
        Together(Kill(Role.OBJECT_STORE), Pause(Role.DATA_NODE)),
    ),
}


def _known(pool: str) -> str:
    if pool not in POOLS:
        raise ValueError(f"take one of {', '.join(POOLS)}")
    return pool


@value
class Chaos:
    """`faults` of a pool one after another, of members and at moments that the seed decides."""

    faults: Count = 5
    pool: Annotated[str, AfterValidator(_known)] = "members"

    @property
    def source(self) -> str:
        """The pool's name."""
        return self.pool

    def draw(self, random: Generator) -> tuple[AnyAction, ...]:
        """Return the faults, the same for the same state of `random`."""
        pool = POOLS[self.pool]
        return tuple(pool[at] for at in random.integers(len(pool), size=self.faults))
