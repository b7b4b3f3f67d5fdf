"""The catalogue of everything that a local cluster is made of: what to fetch, its hash and its size."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Wheel:
    """A wheel on the package index. Without a sha256 the index's own hash is what pip checks."""

    project: str
    version: str
    sha256: str
    download_bytes: int
    unpacked_bytes: int


@dataclass(frozen=True)
class Jar:
    """A file on Maven Central."""

    group: str
    artifact: str
    version: str
    sha256: str
    download_bytes: int

    @property
    def file_name(self) -> str:
        """The jar's name, as Maven has it."""
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True)
class Catalogue:
    """All parts: Milvus by version in ascending order, and Kafka's jars in the order of its classpath."""

    etcd: Wheel
    seaweedfs: Wheel
    java: Wheel
    milvus: tuple[Wheel, ...]
    kafka_version: str
    jars: tuple[Jar, ...]

    @property
    def milvus_versions(self) -> tuple[str, ...]:
        """The Milvus versions whose hashes are known."""
        return tuple(wheel.version for wheel in self.milvus)


def load() -> Catalogue:
    """Read the catalogue that is shipped beside this module."""
    raw = tomllib.loads(files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return Catalogue(
        **{name: Wheel(**fields) for name, fields in raw["wheels"].items()},
        milvus=tuple(Wheel(project="milvus", **fields) for fields in raw["milvus"]),
        kafka_version=raw["kafka"]["version"],
        jars=tuple(Jar(**fields) for fields in raw["kafka"]["jars"]),
    )
