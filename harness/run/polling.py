"""A thread that looks at something again and again, until it is told to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import ClassVar

from harness.errors import ClusterError
from harness.run.recorder import Recorder
from harness.verbs import Cluster


class Polling:
    """Looks in a thread of its own. What it can't see ends it, and is kept in `failure`."""

    def __init__(self, name: str, look: Callable[[], None], interval_s: float, *, once_more: bool = False) -> None:
        self._name, self._look, self._interval_s, self._once_more = name, look, interval_s, once_more
        self.failure: Exception | None = None

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Look until the end of this; with `once_more` also then."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(over,), name=self._name, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def check(self, what: str, where: str) -> None:
        """Raise ClusterError where nothing can be seen any more."""
        if self.failure:
            raise ClusterError(f"{what}: {self.failure}", where=where, mend="see harness status")

    def _run(self, over: threading.Event) -> None:
        try:
            while not over.is_set():
                self._look()
                over.wait(self._interval_s)
            if self._once_more:
                self._look()
        except Exception as error:  # noqa: BLE001 - told to the run, which stops with it
            self.failure = error


class PollingRecorder(Recorder):
    """A recorder that looks at the cluster while it is there; `LOST` says what is missing where it no longer can."""

    LOST: ClassVar[str]
    _polling: Polling | None = None

    def polling(self, cluster: Cluster) -> Polling | None:
        """Return who looks; None where there is nothing to look at."""
        raise NotImplementedError

    @contextmanager
    def watching(self, cluster: Cluster) -> Iterator[None]:
        """Look until this is left."""
        self._polling = self.polling(cluster)
        with self._polling.going_on() if self._polling else nullcontext():
            yield
        self._polling = None

    def check(self) -> None:
        """Raise ClusterError where nothing can be seen any more."""
        if self._polling:
            self._polling.check(self.LOST, self.into.plan.scenario.name)
