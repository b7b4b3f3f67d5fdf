"""Making parts: everything that is missing at once, checked beforehand, all or nothing for each part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from harness.platforms.local.cache import filling, install, is_complete, new_staging
from harness.platforms.local.fetch import StoppedError, Work
from harness.platforms.local.machine import Machine, pip_missing, require_space, storage_errors
from harness.platforms.local.progress import Fetching, fetching, note

# Downloads wait for the network and unpacking for the CPU: a few at once use both.
_PARTS_AT_ONCE = 4


@dataclass(frozen=True)
class Part:
    """One folder of the cache. `make` fills a new folder; `digest` says which content it must be."""

    label: str
    folder: str
    digest: str
    download_bytes: int
    unpacked_bytes: int
    make: Callable[[Work, Path], None]

    @property
    def needed_bytes(self) -> int:
        """The most that making it occupies: pip copies a wheel once before it is unpacked."""
        return 2 * self.download_bytes + self.unpacked_bytes


def missing(root: Path, parts: Sequence[Part]) -> list[Part]:
    """Return the parts that the cache does not hold."""
    return [part for part in parts if not is_complete(root / part.folder, part.digest)]


def fill(root: Path, parts: Sequence[Part]) -> None:
    """Put the missing parts into the cache; raise HarnessError with one clear line where that cannot be done."""
    if not missing(root, parts):
        return
    for problem in (Machine.here().unfit(), pip_missing()):
        if problem is not None:
            raise problem
    with storage_errors(root), filling(root, note):
        wanted = missing(root, parts)
        if wanted:
            require_space(root, sum(part.needed_bytes for part in wanted))
            _make_all(root, wanted)


def _make_all(root: Path, parts: Sequence[Part]) -> None:
    stop = Event()
    with (
        fetching({part.label: part.download_bytes for part in parts}, str(root)) as progress,
        ThreadPoolExecutor(_PARTS_AT_ONCE) as pool,
    ):
        futures = [pool.submit(_make, root, part, progress, stop) for part in parts]
        try:
            _first_error(futures)
        except BaseException:
            # What runs gives up at its next step, so that leaving the pool does not wait for whole downloads.
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _first_error(futures: Sequence[Future[None]]) -> None:
    wait(futures, return_when=FIRST_EXCEPTION)
    for future in futures:
        if future.done():
            future.result()


def _make(root: Path, part: Part, progress: Fetching, stop: Event) -> None:
    if stop.is_set():
        raise StoppedError
    staging = new_staging(root)
    made = staging / "made"
    made.mkdir()
    progress.begin(part.label)
    work = Work(
        staging,
        fetched=lambda size_bytes: progress.fetched(part.label, size_bytes),
        unpacking=lambda: progress.unpacking(part.label),
        stop=stop,
    )
    part.make(work, made)
    install(made, root / part.folder, part.digest)
    progress.end(part.label)
