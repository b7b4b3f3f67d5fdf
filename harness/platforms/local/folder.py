"""A user's own server: a folder in one of the layouts that Milvus's builds and wheels have.

The server is looked for in the folder itself, in `milvus/data` and in `data` below it (an unzipped wheel, or
its `milvus` package). There:

- the program: `bin/milvus`, executable; or the wheel's `bin/*.lzma`, which are unpacked into the cache;
- its libraries: `*.so*` in `bin` (the wheel), `lib` (the container image) or `internal/core/output/lib` (a
  source tree after `make milvus`): the first that has any;
- its settings: `config.yaml.template` (the wheel), `milvus.yaml` or `configs/milvus.yaml` (image, source tree).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from harness.errors import BadInput
from harness.platforms.local import unpack
from harness.platforms.local.fetch import Work
from harness.platforms.local.fill import Part, fill
from harness.platforms.local.server import Server, build_tag

_BASES = (".", "milvus/data", "data")
_PROGRAM, _PACKED = "bin/milvus", "bin/milvus.lzma"
_LIBRARIES = ("bin", "lib", "internal/core/output/lib")
_SETTINGS = ("config.yaml.template", "milvus.yaml", "configs/milvus.yaml")
_X86_64 = 62  # e_machine of the ELF header, EM_X86_64
# The wheels' *.lzma grow to about four and a half times their size (2.3.0 to 2.3.5: 4.3 to 5.1).
_GROWTH = 6


def from_folder(folder: Path, cache: Path) -> Server:
    """Return the server that lies in a folder; raise BadInput naming what is missing there."""
    folder = folder.resolve()
    if not folder.is_dir():
        raise _unfit(folder, "there is no such folder", "give the folder of an unpacked server, or a version")
    base = _base(folder)
    template = _existing(base, _SETTINGS)
    if template is None:
        raise _unfit(base, "the server's settings are missing", f"put its {' or '.join(_SETTINGS)} there")
    home = base if (base / _PROGRAM).is_file() else _unpacked(base, cache)
    return _server(folder, home, template)


def _base(folder: Path) -> Path:
    for base in (folder / name for name in _BASES):
        if (base / _PROGRAM).is_file() or (base / _PACKED).is_file():
            return base.resolve()
    raise _unfit(folder, f"no {_PROGRAM} in it", f"give the folder that holds {_PROGRAM}, or an unzipped milvus wheel")


def _server(folder: Path, home: Path, template: Path) -> Server:
    binary = home / _PROGRAM
    _require_runnable(binary)
    libraries = next((home / name for name in _LIBRARIES if any((home / name).glob("*.so*"))), None)
    if libraries is None:
        raise _unfit(home, "the server's libraries are missing", f"put its *.so into {' or '.join(_LIBRARIES)}")
    return Server(build_tag(binary) or folder.name, binary, libraries, template)


def _require_runnable(binary: Path) -> None:
    with binary.open("rb") as file:
        header = file.read(20)
    if header[:4] != b"\x7fELF":
        raise _unfit(binary, "this is no Linux program", "give a Milvus built for Linux x86_64")
    if int.from_bytes(header[18:20], "little") != _X86_64:
        raise _unfit(binary, "this program is built for another CPU", "give a Milvus built for Linux x86_64")
    if not os.access(binary, os.X_OK):
        raise _unfit(binary, "this program may not be executed", f"chmod +x {binary}")


def _unpacked(base: Path, cache: Path) -> Path:
    """Unpack the folder's *.lzma into the cache, once for each content."""
    packed = sorted((base / "bin").glob("*.lzma"))
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in packed]
    digest = hashlib.sha256(repr(stats).encode()).hexdigest()

    def make(work: Work, into: Path) -> None:
        work.unpacking()
        try:
            unpack.packed_folder(base / "bin", into / "bin", work)
        except unpack.DAMAGED as error:
            raise _unfit(base / "bin", f"a file cannot be unpacked: {error}", "copy the folder again") from error

    size_bytes = _GROWTH * sum(file.stat().st_size for file in packed)
    part = Part(f"the server in {base}", f"milvus/folder-{digest[:16]}", digest, 0, size_bytes, make)
    fill(cache, [part])
    return cache / part.folder


def _existing(base: Path, names: Iterable[str]) -> Path | None:
    return next((base / name for name in names if (base / name).is_file()), None)


def _unfit(where: Path, what: str, mend: str) -> BadInput:
    return BadInput(f"no Milvus server here: {what}", where=str(where), mend=mend)
