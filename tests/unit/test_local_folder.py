"""A user's own server: every documented layout, and what is said of a folder that lacks something."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.platforms.local import parts
from harness.platforms.local.server import build_tag
from tests.unit.fake_parts import ELF, PROGRAM, milvus_files


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)
    return folder


def image(program: bytes = PROGRAM) -> dict[str, bytes]:
    return {"bin/milvus": program, "lib/libmilvus.so": b"", "configs/milvus.yaml": b"etcd:\n"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("files", "library_path", "template"),
    [
        (image(), "lib", "configs/milvus.yaml"),
        ({"bin/milvus": PROGRAM, "bin/libz.so.1": b"", "config.yaml.template": b""}, "bin", "config.yaml.template"),
        (
            {"bin/milvus": PROGRAM, "internal/core/output/lib/libknowhere.so": b"", "configs/milvus.yaml": b""},
            "internal/core/output/lib",
            "configs/milvus.yaml",
        ),
    ],
)
def test_an_unpacked_server_is_used_where_it_lies(
    tmp_path: Path, cache: Path, files: dict[str, bytes], library_path: str, template: str
) -> None:
    own = write(tmp_path / "own", files)

    server = parts.milvus_server(str(own))

    assert server.binary == own / "bin/milvus"
    assert server.library_path == own / library_path
    assert server.template == own / template
    assert server.version == "v2.3.5-test"
    assert not cache.exists()


@pytest.mark.parametrize("below", [".", "milvus", "milvus/data"])
def test_an_unzipped_wheel_is_unpacked_into_the_cache_once(
    tmp_path: Path, cache: Path, below: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = write(tmp_path / "own", milvus_files())

    server = parts.milvus_server(str(own / below))

    assert server.binary.read_bytes() == PROGRAM
    assert server.binary.is_relative_to(cache)
    assert (server.library_path / "libknowhere.so").read_bytes() == b"library"
    assert server.template == own / "milvus/data/config.yaml.template"
    capsys.readouterr()
    assert parts.milvus_server(str(own / below)) == server
    assert capsys.readouterr().err == ""


def test_a_packed_server_that_changed_is_unpacked_again(tmp_path: Path) -> None:
    own = write(tmp_path / "own", milvus_files())
    before = parts.milvus_server(str(own)).binary
    write(own, milvus_files(PROGRAM + b"changed"))

    after = parts.milvus_server(str(own)).binary

    assert before != after
    assert after.read_bytes() == PROGRAM + b"changed"


def test_a_build_that_does_not_tell_its_version_has_the_folders_name(tmp_path: Path) -> None:
    own = write(tmp_path / "my-build", image(ELF))
    assert parts.milvus_server(str(own)).version == "my-build"
    assert build_tag(own / "bin/milvus") is None


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("bin/milvus", "no bin/milvus in it"),
        ("lib/libmilvus.so", "the server's libraries are missing"),
        ("configs/milvus.yaml", "the server's settings are missing"),
    ],
)
def test_a_folder_that_lacks_a_part_is_told_which(tmp_path: Path, lacking: str, said: str) -> None:
    own = write(tmp_path / "own", image())
    (own / lacking).unlink()

    with pytest.raises(BadInput, match=f"{said} .*{own}") as error:
        parts.milvus_server(str(own))
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there_is_not_taken_for_a_version() -> None:
    with pytest.raises(BadInput, match="there is no such folder"):
        parts.milvus_server("./absent")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (ELF[:18] + b"\xb7\x00", "built for another CPU"),
        (b"#!/bin/sh\n", "no Linux program"),
        (b"", "no Linux program"),
    ],
)
def test_a_program_for_another_machine_is_refused(tmp_path: Path, program: bytes, said: str) -> None:
    own = write(tmp_path / "own", image(program))
    with pytest.raises(BadInput, match=said):
        parts.milvus_server(str(own))


def test_a_program_that_may_not_be_executed_names_the_command(tmp_path: Path) -> None:
    own = write(tmp_path / "own", image())
    (own / "bin/milvus").chmod(0o644)
    with pytest.raises(BadInput, match=r"chmod \+x"):
        parts.milvus_server(str(own))


def test_a_damaged_packed_file_is_one_line_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    own = write(tmp_path / "own", milvus_files() | {"milvus/data/bin/milvus.lzma": lzma.compress(PROGRAM)[:-9]})
    with pytest.raises(BadInput, match="a file cannot be unpacked"):
        parts.milvus_server(str(own))
    assert [path.name for path in cache.iterdir()] == [".lock"]
