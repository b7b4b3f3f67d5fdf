"""Removing a cluster's folder while the last of its processes may still be writing into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed


def remove_folder(path: Path, timeout_s: float = 10) -> None:
    """Remove a folder with all that is in it; one that is not there is fine. Errors: OSError after the time."""
    attempts = Retrying(
        retry=retry_if_exception_type(OSError), stop=stop_after_delay(timeout_s), wait=wait_fixed(0.1), reraise=True
    )
    for attempt in attempts:
        with attempt:
            if path.exists():
                shutil.rmtree(path)
