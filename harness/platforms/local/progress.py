"""Showing a fetch: one bar with sizes in a terminal, one plain line a part elsewhere. Nothing where all is cached."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from harness.platforms.local.machine import megabytes


def note(line: str) -> None:
    """Tell the user one thing on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


class Fetching:
    """The progress of several parts, told from several threads. `sizes_bytes` is what each part downloads."""

    def __init__(self, sizes_bytes: Mapping[str, int], bar: Progress | None) -> None:
        self._sizes_bytes = sizes_bytes
        self._fetched_bytes = dict.fromkeys(sizes_bytes, 0)
        self._doing: dict[str, str] = {}
        self._begun_s: dict[str, float] = {}
        self._lock = Lock()
        self._bar = bar
        self._task = bar.add_task("", total=sum(sizes_bytes.values()) or None) if bar else TaskID(0)

    def begin(self, part: str) -> None:
        """A part is being fetched."""
        self._begun_s[part] = time.monotonic()
        self._show(part, "fetching")

    def fetched(self, part: str, size_bytes: int) -> None:
        """So much of a part is here; never more than the catalogue says, never less than before."""
        with self._lock:
            known = min(size_bytes, self._sizes_bytes[part])
            self._fetched_bytes[part] = max(self._fetched_bytes[part], known)
        self._show(part, "fetching")

    def unpacking(self, part: str) -> None:
        """All of a part is here, and being unpacked."""
        self._fetched_bytes[part] = self._sizes_bytes[part]
        self._show(part, "unpacking")

    def end(self, part: str) -> None:
        """A part is in place."""
        self._fetched_bytes[part] = self._sizes_bytes[part]
        self._show(part, None)
        if self._bar is None:
            took_s = time.monotonic() - self._begun_s[part]
            note(f"  {part}: {_size(self._sizes_bytes[part])} in {took_s:.1f} s")

    def _show(self, part: str, doing: str | None) -> None:
        with self._lock:
            if doing:
                self._doing[part] = doing
            else:
                self._doing.pop(part, None)
            if self._bar is not None:
                self._bar.update(self._task, completed=sum(self._fetched_bytes.values()), description=self._in_hand())

    def _in_hand(self) -> str:
        """Name the part that was begun last, so that the line stays short and steady."""
        return next((f"{doing} {part}" for part, doing in reversed(self._doing.items())), "done")


@contextmanager
def fetching(sizes_bytes: Mapping[str, int], into: str) -> Iterator[Fetching]:
    """Show the parts' progress while the block runs; the sum of the sizes is said first."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    total = _size(sum(sizes_bytes.values()))
    console.print(f"fetching {', '.join(sizes_bytes)}: {total}, once, into {into}", markup=False)
    if not console.is_terminal:
        yield Fetching(sizes_bytes, None)
        return
    columns = (TextColumn("{task.description:<24}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        yield Fetching(sizes_bytes, bar)


def _size(size_bytes: int) -> str:
    return megabytes(size_bytes) if size_bytes else "size unknown"
