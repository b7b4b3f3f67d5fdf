"""The cache of fetched parts: complete or absent, shared by any number of processes.

Layout below the root: `milvus/<version>/`, `etcd/<version>/`, `seaweedfs/<version>/`, `java/<version>/`,
`kafka/<version>/`, `kafka-aot/`; `staging/` holds what is being made and is emptied by whoever fills the cache
next. A part is made in staging and renamed into place, with a manifest of its files; one process at a time
fills the cache, and a part that is complete is used without any lock, from a read-only disk too.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from harness.errors import BadInput, HarnessError

MANIFEST = ".complete.json"
# Long enough for another process to fetch everything over a slow line.
LOCK_TIMEOUT_S = 3600


def cache_root() -> Path:
    """Return the cache's folder: $HARNESS_CACHE, or the user's own cache folder. It may not exist yet."""
    chosen = os.environ.get("HARNESS_CACHE")
    root = Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("milvus-harness")
    if ":" in str(root):
        raise BadInput(
            "a colon in the cache's path would end a library or class path",
            where=f"HARNESS_CACHE={root}",
            mend="choose a folder without a colon",
        )
    return root


def is_complete(folder: Path, digest: str) -> bool:
    """Whether the folder holds the part with this digest, every file of it at its full size."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in manifest["files"]}
        return bool(manifest["digest"] == digest and sizes == manifest["files"])
    except (OSError, ValueError, TypeError, KeyError):
        return False


def install(made: Path, folder: Path, digest: str) -> None:
    """Move a finished folder from staging into place; what stood there, incomplete or outdated, is removed."""
    sizes = {str(file.relative_to(made)): file.stat().st_size for file in made.rglob("*") if file.is_file()}
    (made / MANIFEST).write_text(json.dumps({"digest": digest, "files": sizes}), encoding="utf-8")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(Path(tempfile.mkdtemp(dir=made.parent)) / "outdated")
    made.rename(folder)


@contextmanager
def filling(root: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Hold the cache's lock. Staging, where a killed process may have left something, is empty on entry and exit."""
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        note(f"another process is filling {root}: waiting for it")
        _wait_for(lock, root)
    try:
        _empty_staging(root)
        yield
    finally:
        _empty_staging(root)
        lock.release()


def _wait_for(lock: FileLock, root: Path) -> None:
    try:
        lock.acquire(timeout=LOCK_TIMEOUT_S)
    except Timeout as error:
        raise HarnessError(
            f"another process has held the cache for {LOCK_TIMEOUT_S} s",
            where=str(root / ".lock"),
            mend="end it, or set HARNESS_CACHE to another folder",
        ) from error


def _empty_staging(root: Path) -> None:
    # An orphan of a killed fetch may still write for a moment; what it leaves goes the next time.
    shutil.rmtree(root / "staging", ignore_errors=True)


def new_staging(root: Path) -> Path:
    """Make an empty folder in staging, on the same disk as the cache."""
    (root / "staging").mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=root / "staging"))
