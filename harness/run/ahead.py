"""The next scenario's cluster, made while nothing is measured in the one before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from harness.run.scenario_run import Prepared


class Ahead:
    """A scenario that is prepared in a thread of its own. Whoever makes one takes it or abandons it."""

    def __init__(self, prepare: Callable[[], Prepared]) -> None:
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._prepared: Future[Prepared] = pool.submit(prepare)
        pool.shutdown(wait=False)

    def take(self) -> Prepared:
        """Return it once it is ready, or could not be made."""
        return self._prepared.result()

    def abandon(self) -> None:
        """Remove its cluster and its folder, in which nothing is recorded yet."""
        prepared = self._prepared.result()
        prepared.execution.give_up()
        shutil.rmtree(prepared.folder.path)
