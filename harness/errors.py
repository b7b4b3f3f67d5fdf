"""What can go wrong, said in one line: what, where, how to mend it."""

from __future__ import annotations


class HarnessError(Exception):
    """One clear line for the user. `where` names the file, key, option or log; `mend` the way out."""

    exit_code = 4

    def __init__(self, what: str, *, where: str, mend: str) -> None:
        super().__init__(f"{what} ({where}): {mend}")
        self.what, self.where, self.mend = what, where, mend


class BadInput(HarnessError):
    """The user asked for something that does not exist or does not fit."""


class ClusterError(HarnessError):
    """The cluster did not do what it was told: a member that does not come up, a disk that is full."""


class Unsupported(HarnessError):
    """The platform cannot do this; a scenario that needs it is skipped with this reason."""


def broken_package(part: str, error: Exception) -> BadInput:
    """Return what somebody's package did as a part of it was imported, as bad input."""
    return BadInput(in_words(error), where=part, mend="mend the package that brings it, or uninstall it")


def in_words(error: BaseException) -> str:
    """Return why something ended, for a record that outlives it."""
    if isinstance(error, HarnessError):
        return str(error)
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
