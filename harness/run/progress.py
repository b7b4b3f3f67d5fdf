"""What a user sees while a run goes on: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

# Between two plain lines about one phase: often enough to see where a run hangs, rare enough for a log.
_LINE_S = 10.0


class Reporter(Protocol):
    """Told of every step of a run as it happens."""

    def say(self, text: str) -> None:
        """Say something once."""
        ...

    def phase(self, name: str, total_s: float) -> None:
        """Begin a phase that will take about this long."""
        ...

    def tick(self, done_s: float, *, rate: float, errors: int) -> None:
        """Show how far the phase is, how many operations a second there are, and how many have failed so far."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class PlainProgress:
    """A line a phase, and one every ten seconds: for CI, where a line can't be drawn over."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._name, self._total_s, self._said_at_s = "", 0.0, 0.0

    def say(self, text: str) -> None:
        """Write it."""
        self._write(text)

    def phase(self, name: str, total_s: float) -> None:
        """Write the phase's name and about how long it takes."""
        self._name, self._total_s, self._said_at_s = name, total_s, monotonic()
        self._write(f"{name} (about {total_s:.0f} s)")

    def tick(self, done_s: float, *, rate: float, errors: int) -> None:
        """Write a line when the last one is ten seconds old."""
        if monotonic() - self._said_at_s >= _LINE_S:
            self._said_at_s = monotonic()
            left_s = max(0.0, self._total_s - done_s)
            self._write(f"{self._name}: {rate:.0f} operations/s, {errors} not ok so far, {left_s:.0f} s left")

    def close(self) -> None:
        """Nothing is open."""


class LiveProgress:
    """A bar with the phase, the rate, the errors and the time left, redrawn as it changes.

    `visible` opens a context in which the terminal can be written to: pytest captures it elsewhere.
    """

    def __init__(self, file: TextIO, visible: Callable[[], AbstractContextManager[object]]) -> None:
        self._visible = visible
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=Console(file=file),
            transient=True,
            auto_refresh=False,
        )
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """Write it above the bar."""
        with self._visible():
            self._bar.console.print(text, highlight=False, markup=False)

    def phase(self, name: str, total_s: float) -> None:
        """Begin a new bar."""
        with self._visible():
            self._bar.start()
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(name, total=total_s, figures="")
            self._bar.refresh()

    def tick(self, done_s: float, *, rate: float, errors: int) -> None:
        """Redraw the bar."""
        if self._task is not None:
            with self._visible():
                figures = f"{rate:.0f}/s, {errors} not ok"
                self._bar.update(self._task, completed=done_s, figures=figures, refresh=True)

    def close(self) -> None:
        """Take the bar away."""
        with self._visible():
            self._bar.stop()
