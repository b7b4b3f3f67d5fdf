"""Fetching servers with the real pip, from an index that is a folder of tiny wheels."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadInput, ClusterError, HarnessError
from harness.platforms.local import catalogue, machine, parts
from harness.platforms.local.catalogue import Wheel
from harness.platforms.local.fill import fill, missing
from harness.platforms.local.machine import Machine
from tests.unit.fake_parts import make_wheel, milvus_files


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def listed(*wheels: Wheel) -> catalogue.Catalogue:
    return replace(catalogue.load(), milvus=wheels)


def left_in_cache(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.name != ".lock")


def test_a_published_version_outside_of_the_catalogue_is_fetched_and_kept(
    index: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_wheel(index, "milvus", "2.3.77", milvus_files())

    server = parts.milvus_server("2.3.77")

    assert server.version == "2.3.77"
    assert server.binary == cache / "milvus/2.3.77/bin/milvus"
    assert os.access(server.binary, os.X_OK)
    assert (server.library_path / "libknowhere.so").read_bytes() == b"library"
    assert server.template.read_text() == "etcd:\n"
    assert (server.template.parent / "glog.conf").is_file()
    assert "milvus 2.3.77" in capsys.readouterr().err


def test_what_is_cached_needs_no_index_no_lock_and_says_nothing(
    index: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = make_wheel(index, "milvus", "2.3.77", milvus_files())
    first = parts.milvus_server("2.3.77")
    (index / f"milvus-{wheel.version}-py3-none-any.whl").unlink()
    (cache / ".lock").unlink()
    capsys.readouterr()

    assert parts.milvus_server("2.3.77") == first
    assert capsys.readouterr().err == ""
    assert not (cache / ".lock").exists()


def test_a_wheel_with_the_catalogued_hash_is_accepted_by_pip(index: Path, cache: Path) -> None:
    known = listed(make_wheel(index, "milvus", "2.3.5", milvus_files()))
    part = parts.milvus_part("2.3.5", known)

    fill(cache, [part])

    assert missing(cache, [part]) == []


def test_a_wheel_with_another_hash_is_refused_and_nothing_stays(index: Path, cache: Path) -> None:
    wheel = make_wheel(index, "milvus", "2.3.5", milvus_files())
    part = parts.milvus_part("2.3.5", listed(replace(wheel, sha256="0" * 64)))

    with pytest.raises(HarnessError, match=f"milvus 2.3.5 is not the file that was published: sha256 {wheel.sha256}"):
        fill(cache, [part])
    assert left_in_cache(cache) == []


def test_a_part_fetched_under_another_hash_is_fetched_again(index: Path, cache: Path) -> None:
    fill(cache, [parts.milvus_part("2.3.5", listed(make_wheel(index, "milvus", "2.3.5", milvus_files())))])
    changed = milvus_files() | {"milvus/data/glog.conf": b"--minloglevel=2\n"}
    part = parts.milvus_part("2.3.5", listed(make_wheel(index, "milvus", "2.3.5", changed)))

    fill(cache, [part])

    assert (cache / "milvus/2.3.5/glog.conf").read_bytes() == b"--minloglevel=2\n"
    assert not (cache / "staging").exists()


def test_a_wheel_without_the_server_is_told_as_damaged(index: Path, cache: Path) -> None:
    files = milvus_files()
    del files["milvus/data/bin/milvus.lzma"]
    make_wheel(index, "milvus", "2.3.77", files)

    with pytest.raises(HarnessError, match=r"wheel of milvus 2\.3\.77 cannot be unpacked.*it has no milvus"):
        parts.milvus_server("2.3.77")
    assert left_in_cache(cache) == []


def test_a_cut_off_file_inside_a_wheel_is_told_as_damaged(index: Path, cache: Path) -> None:
    files = milvus_files()
    files["milvus/data/bin/milvus.lzma"] = files["milvus/data/bin/milvus.lzma"][:-20]
    make_wheel(index, "milvus", "2.3.77", files)

    with pytest.raises(HarnessError, match="cannot be unpacked"):
        parts.milvus_server("2.3.77")
    assert left_in_cache(cache) == []


def test_a_version_that_the_index_lacks_lists_the_known_ones(index: Path, cache: Path) -> None:
    make_wheel(index, "milvus", "2.3.77", milvus_files())

    with pytest.raises(BadInput, match=r"no Milvus server '2\.3\.78'.*known: 2\.3\.0, .*2\.3\.5"):
        parts.milvus_server("2.3.78")
    assert left_in_cache(cache) == []


@pytest.mark.parametrize(("asked", "meant"), [("2.35", "2.3.5"), ("v2.3.4", "2.3.4"), ("2.3.o", "2.3.")])
def test_a_mistyped_version_is_answered_without_asking_an_index(asked: str, meant: str) -> None:
    with pytest.raises(BadInput, match=rf"no Milvus server '{asked}'.*did you mean {meant}"):
        parts.milvus_server(asked)


def test_an_empty_index_is_told_as_one_line(index: Path, cache: Path) -> None:
    with pytest.raises(HarnessError, match=r"pip could not fetch milvus 2\.3\.5 .*PIP_INDEX_URL"):
        parts.milvus_server("2.3.5")
    assert left_in_cache(cache) == []


def test_too_little_space_is_told_before_anything_is_fetched(
    index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda _: 300_000_000)

    with pytest.raises(ClusterError, match=r"disk is too full .*372\.5 MB needed, 300\.0 MB free.*HARNESS_CACHE"):
        parts.milvus_server("2.3.5")
    assert "fetching" not in capsys.readouterr().err


def test_a_disk_that_fills_up_while_unpacking_is_one_line(
    index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(index, "milvus", "2.3.77", milvus_files())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.platforms.local.fill.install", full)
    with pytest.raises(ClusterError, match=r"disk is too full for the servers: No space left"):
        parts.milvus_server("2.3.77")
    assert left_in_cache(cache) == []


def test_another_cpu_is_told_before_anything_is_fetched(
    index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Machine, "here", lambda: Machine("Linux", "aarch64", (2, 36)))

    with pytest.raises(HarnessError, match=r"built for x86_64 only .*this CPU is aarch64"):
        parts.milvus_server("2.3.5")
    assert not cache.exists()


def test_a_python_without_pip_names_the_command(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(HarnessError, match=r"no pip.*-m ensurepip"):
        parts.milvus_server("2.3.5")


def test_what_a_killed_fetch_left_is_cleared_by_the_next(index: Path, cache: Path) -> None:
    make_wheel(index, "milvus", "2.3.77", milvus_files())
    for place in ("staging/killed/made/bin", "milvus/2.3.77/bin"):
        (cache / place).mkdir(parents=True)
        (cache / place / "milvus").write_bytes(b"half")

    server = parts.milvus_server("2.3.77")

    assert server.binary.stat().st_size > 4
    assert not (cache / "staging").exists()


def test_processes_that_want_the_same_part_fetch_it_once(index: Path, cache: Path) -> None:
    make_wheel(index, "milvus", "2.3.77", milvus_files())
    program = "from harness.platforms.local.parts import milvus_server; print(milvus_server('2.3.77').binary)"
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=60) for process in started]

    assert [out.strip() for out, _ in ended] == [str(cache / "milvus/2.3.77/bin/milvus")] * 3
    assert sum("fetching" in err for _, err in ended) == 1


def test_a_cache_that_cannot_be_written_is_one_line(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))

    with pytest.raises(HarnessError, match=r"the cache cannot be written.*HARNESS_CACHE"):
        parts.milvus_server("2.3.5")


def test_everything_is_described_before_it_is_fetched() -> None:
    known = catalogue.load()
    described = [*parts.dependency_parts(known), *(parts.milvus_part(v, known) for v in known.milvus_versions)]

    assert known.milvus_versions == ("2.3.0", "2.3.1", "2.3.2", "2.3.3", "2.3.4", "2.3.5")
    assert len({part.folder for part in described}) == len(described)
    assert all(part.download_bytes > 10_000_000 for part in described)
    assert len(known.jars) == 31
    assert len({jar.file_name for jar in known.jars}) == 31
    hashes = [wheel.sha256 for wheel in (known.etcd, known.seaweedfs, known.java, *known.milvus)]
    assert all(len(bytes.fromhex(one)) == 32 for one in [*hashes, *(jar.sha256 for jar in known.jars)])
