"""A check that crashes takes nothing from the others: its run is INVALID, and says which one it was."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from harness.verdict import Crash, Validity

T = TypeVar("T")


class Guard:
    """Runs checks one by one, and keeps what crashed."""

    def __init__(self) -> None:
        self.crashes: list[Crash] = []

    def __call__(self, check: str, compute: Callable[[], T], instead: T) -> T:
        """Return what a check makes of the history, or `instead` where it crashes."""
        try:
            return compute()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect of the check's alone
            told = f"{type(error).__name__}: {error}".splitlines()[0]
            self.crashes.append(Crash(check, told, traceback.format_exc()))
            return instead

    def all(self, check: str, compute: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """Return all that a check yields, or nothing where it crashes."""
        none: tuple[T, ...] = ()
        return self(check, lambda: tuple(compute()), none)

    def conditions(self) -> Iterator[Validity]:
        """Yield that checks crashed, where some did."""
        if self.crashes:
            told = "; ".join(f"{crash.check}: {crash.error}" for crash in self.crashes)
            yield Validity("Checks that crashed", told, "none (a defect of the harness: please report it)", ok=False)
