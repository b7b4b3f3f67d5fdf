"""What an action that waits for something sees: members, and what the live traffic shows."""

from __future__ import annotations

from pathlib import Path
from time import monotonic_ns

import numpy as np
from numpy.typing import NDArray

from harness.cluster import Member
from harness.history import NS_PER_S, Result
from harness.kind import Kind
from harness.load.operations import STREAMS, StreamFile
from harness.plan.specs import FLUSH_S
from harness.verbs import Cluster


class LiveSight:
    """Sees a cluster, and reads on in what the load in a folder records; `loaded` rows were there before it.

    What it reads is up to the load's flush interval old, so its windows end that much before now.
    """

    def __init__(self, cluster: Cluster, folder: Path, loaded: int) -> None:
        self._cluster, self._folder, self._rows = cluster, folder, loaded
        self._streams: dict[Path, StreamFile] = {}
        self._done_ns: list[NDArray[np.int64]] = []
        self._ok: list[NDArray[np.bool_]] = []

    def members(self) -> tuple[Member, ...]:
        """Return all members."""
        return self._cluster.members()

    def rows(self) -> int:
        """Return how many rows have been acknowledged so far, those that were loaded included."""
        self._read_on()
        return self._rows

    def rate(self, window_s: float) -> float:
        """Return how many operations were answered a second, well or not."""
        return len(self._answered(window_s)) / window_s

    def error_share(self, window_s: float) -> float:
        """Return which share of the operations answered was not OK; 0 where none was answered."""
        ok = self._answered(window_s)
        return float(1 - ok.mean()) if len(ok) else 0.0

    def _answered(self, window_s: float) -> NDArray[np.bool_]:
        """Return whether each operation that was answered in the window was OK."""
        self._read_on()
        end_ns = monotonic_ns() - round(FLUSH_S * NS_PER_S)
        done_ns = np.concatenate([np.empty(0, np.int64), *self._done_ns])
        inside = (done_ns > end_ns - round(window_s * NS_PER_S)) & (done_ns <= end_ns)
        return np.concatenate([np.empty(0, np.bool_), *self._ok])[inside]

    def _read_on(self) -> None:
        for path in (*self._folder.glob(STREAMS), *self._folder.glob(f"traffic-*/{STREAMS}")):
            for batch in self._streams.setdefault(path, StreamFile(path)).read():
                ok = batch["outcome"].to_numpy() == Result.OK
                written = ok & (batch["kind"].to_numpy() == Kind.INSERT)
                self._rows += int(batch["key_count"].to_numpy()[written].sum())
                self._done_ns.append(batch["done_ns"].to_numpy())
                self._ok.append(ok)
