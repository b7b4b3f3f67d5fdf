"""Objects of one kind as the API server has them, kept up to date by a watch that survives its breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic_ns
from typing import Any

from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import Kube, Object, Unanswered

# The wait before a watch that broke is begun again.
_AGAIN_S = 0.5

OnChange = Callable[[str, Object, int], None]


class Mirror:
    """A thread that follows one kind of object in one namespace. A context manager.

    `on_change` is told every change with its type and the moment it was seen; it is called from the thread.
    `failure` is what ended the thread before its time, a defect. `away_since_ns` is when the API server stopped
    answering, None while it does.
    """

    def __init__(self, kube: Kube, kind: str, namespace: str, on_change: OnChange, api: str = "v1") -> None:
        self._kube, self._kind, self._namespace, self._api = kube, kind, namespace, api
        self._on_change = on_change
        self._seen: dict[str, Object] = {}
        self._over = threading.Event()
        self._answer: Any = None
        self._thread = threading.Thread(target=self._run, name=f"watch {kind}", daemon=True)
        self.away_since_ns: int | None = None
        self.failure: Exception | None = None

    def start(self) -> None:
        """List once, so that everything there is has been told, then follow. Errors: ClusterError."""
        self._version = self._list()
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._over.set()
        while self._thread.is_alive():
            with suppress(Exception):  # the answer may be over at this very moment
                self._answer.shutdown()
            self._thread.join(_AGAIN_S)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._follow_or_list()
            except Exception as error:  # noqa: BLE001 - told to whoever asks next, rather than a picture that stands still
                self.failure = error
                return

    def _follow_or_list(self) -> None:
        try:
            self._follow()
            self.away_since_ns = None
        except ClusterError as error:
            if isinstance(error, Unanswered) and self.away_since_ns is None:
                self.away_since_ns = monotonic_ns()
            if not self._over.wait(_AGAIN_S):
                self._relist()

    def _follow(self) -> None:
        for change, found in self._kube.watch(self._kind, self._namespace, self._version, self._opened, api=self._api):
            if self._over.is_set():
                return
            self._version = found["metadata"]["resourceVersion"]
            self._tell(change, found)

    def _opened(self, answer: Any) -> None:
        self._answer = answer

    def _relist(self) -> None:
        """What happened while nobody watched: a watch can't be resumed from a version that is too old."""
        try:
            self._version = self._list()
        except Unanswered:
            return
        self.away_since_ns = None

    def _list(self) -> str:
        items, version = self._kube.listing(self._kind, self._namespace, api=self._api)
        now = {item["metadata"]["uid"]: item for item in items}
        for uid in self._seen.keys() - now.keys():
            self._tell("DELETED", self._seen[uid])
        for uid, item in now.items():
            if self._seen.get(uid) != item:
                self._tell("MODIFIED" if uid in self._seen else "ADDED", item)
        return version

    def _tell(self, change: str, found: Object) -> None:
        uid = found["metadata"]["uid"]
        if change == "DELETED":
            self._seen.pop(uid, None)
        else:
            self._seen[uid] = found
        self._on_change(change, found, monotonic_ns())
