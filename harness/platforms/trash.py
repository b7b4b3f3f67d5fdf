"""Removing a cluster's folder while the last of its processes may still be writing into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from harness.errors import ClusterError

# What is being removed is called so first: whoever finds it knows that it may go, however far that got.
REMOVING = ".removing"


def remove_folder(path: Path, timeout_s: float = 10) -> None:
    """Remove a folder with all that is in it; one that is not there is fine.

    Errors: ClusterError where something in it can't be removed in time; the rest is gone.
    """
    doomed = path if path.name.endswith(REMOVING) else path.with_name(f".{path.name}{REMOVING}")
    attempts = Retrying(
        retry=retry_if_exception_type(OSError), stop=stop_after_delay(timeout_s), wait=wait_fixed(0.1), reraise=True
    )
    try:
        for attempt in attempts:
            with attempt:
                _remove(doomed)
                if path.exists():
                    path.rename(doomed)
                    _remove(doomed)
    except OSError as error:
        what, where = f"can't be removed: {error.strerror}", str(error.filename or doomed)
        raise ClusterError(what, where=where, mend="free it, then harness heal") from None


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
