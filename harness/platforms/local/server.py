"""A Milvus server as its files."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Go keeps the linker's flags in the program; Milvus's Makefile sets its version with them.
_BUILD_TAG = re.compile(rb"cmd/milvus\.BuildTags=([\w.+-]+)")


@dataclass(frozen=True)
class Server:
    """What starts a Milvus role: the program, its LD_LIBRARY_PATH, and the settings it was released with.

    `version` is the published version that was asked for; of a user's own folder what the program was built as
    (`v2.3.5-lite`), or the folder's name where the build does not tell.
    """

    version: str
    binary: Path
    library_path: Path
    template: Path


def build_tag(binary: Path) -> str | None:
    """Return the version that a Milvus program was built as and reports as its own, None where it doesn't tell."""
    with _mapped(binary) as content:
        found = _BUILD_TAG.search(content)
        return found.group(1).decode("ascii") if found else None


def holds(binary: Path, text: str) -> bool:
    """Whether a text, such as a version, was built into a program."""
    with _mapped(binary) as content:
        return content.find(text.encode()) >= 0


@contextmanager
def _mapped(binary: Path) -> Iterator[mmap.mmap]:
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
