"""What the contract is about: a cluster with all the verbs that every platform has."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from harness.verbs import Breakable, Changeable, Cluster


@runtime_checkable
class Both(Cluster, Breakable, Changeable, Protocol):
    """A cluster that can be hurt and changed."""
