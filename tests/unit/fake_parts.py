"""Tiny wheels, programs and repositories that stand in for the real ones."""

from __future__ import annotations

import base64
import hashlib
import http.server
import lzma
import struct
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from harness.platforms.local.catalogue import Wheel

# Starts like an ELF program for x86-64 (e_machine 62): enough for what a folder is checked for.
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 62)
PROGRAM = ELF + b"-X 'github.com/milvus-io/milvus/cmd/milvus.BuildTags=v2.3.5-test' "


def milvus_files(program: bytes = PROGRAM) -> dict[str, bytes]:
    """Return what a milvus wheel holds."""
    return {
        "milvus/__init__.py": b"",
        "milvus/data/bin/milvus.lzma": lzma.compress(program),
        "milvus/data/bin/libknowhere.so.lzma": lzma.compress(b"library"),
        "milvus/data/config.yaml.template": b"etcd:\n",
        "milvus/data/glog.conf": b"--minloglevel=0\n",
    }


def make_wheel(folder: Path, project: str, version: str, files: Mapping[str, bytes]) -> Wheel:
    """Write a wheel that pip accepts, and return how a catalogue would describe it."""
    folder.mkdir(parents=True, exist_ok=True)
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    entries = dict(files) | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in entries.items():
            entry = zipfile.ZipInfo(member)
            entry.external_attr = (0o100755 if "/bin/" in member else 0o100644) << 16
            archive.writestr(entry, content)
        archive.writestr(f"{info}/RECORD", "".join(_record(name, content) for name, content in entries.items()))
    content = path.read_bytes()
    return Wheel(project, version, hashlib.sha256(content).hexdigest(), len(content), 1000)


def _record(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def fake_java(path: Path, body: str) -> Path:
    """Write a shell script in java's place; `$made` is the value of -XX:AOTCacheOutput."""
    path.parent.mkdir(parents=True, exist_ok=True)
    find = 'for a in "$@"; do case "$a" in -XX:AOTCacheOutput=*) made="${a#*=}";; esac; done\n'
    path.write_text("#!/bin/sh\n" + find + body, encoding="ascii")
    path.chmod(0o755)
    return path


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: a test's output is its own."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder by HTTP on loopback; yield its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
