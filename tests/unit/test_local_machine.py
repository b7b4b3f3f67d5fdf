"""What the machine, the cache's folder, pip's words and the doctor come to."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.progress import Progress

from harness.errors import BadInput, ClusterError, HarnessError
from harness.platforms.ailment import Ailment
from harness.platforms.local import doctor, machine
from harness.platforms.local.cache import MANIFEST, cache_root, install, is_complete
from harness.platforms.local.catalogue import Wheel
from harness.platforms.local.fetch import explain_pip
from harness.platforms.local.machine import Machine, storage_errors
from harness.platforms.local.progress import Fetching

WHEEL = Wheel("milvus", "2.3.5", "a" * 64, 1, 1)
MISMATCH = """
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions
    milvus==2.3.5 from file:///index/milvus-2.3.5.whl (from -r requirements.txt (line 1)):
        Expected sha256 aaaa
             Got        bbbb
"""
REFUSED = """
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError("x: refused")': /simple/
ERROR: Could not find a version that satisfies the requirement milvus==2.3.5 (from versions: none)
ERROR: No matching distribution found for milvus==2.3.5
"""
NO_VERSION = """
ERROR: Could not find a version that satisfies the requirement milvus==2.3.5 (from versions: 2.3.0, 2.3.1)
ERROR: No matching distribution found for milvus==2.3.5
"""
NO_SPACE = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"


@pytest.mark.parametrize(
    ("log", "kind", "said"),
    [
        (MISMATCH, HarnessError, "sha256 bbbb, expected aaaaaaaa"),
        (REFUSED, HarnessError, r'could not fetch milvus 2\.3\.5 \(pip says: NewConnectionError\("x: refused"\)\)'),
        (NO_VERSION, BadInput, r"no milvus 2\.3\.5 .*satisfies the requirement milvus==2\.3\.5\)"),
        (NO_SPACE, ClusterError, "disk is too full"),
        ("", HarnessError, "pip printed nothing"),
    ],
)
def test_what_pip_prints_becomes_one_line(log: str, kind: type[HarnessError], said: str) -> None:
    error = explain_pip(log, WHEEL, Path("/cache"))
    assert type(error) is kind
    with pytest.raises(kind, match=said):
        raise error
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (Machine("Linux", "aarch64", (2, 36)), "x86_64 only"),
        (Machine("Darwin", "x86_64", ()), "Linux only"),
        (Machine("Linux", "x86_64", ()), "glibc here: none"),
        (Machine("Linux", "x86_64", (2, 27)), r"glibc here: 2\.27"),
    ],
)
def test_a_machine_that_cannot_run_the_servers_is_told_why(here: Machine, said: str) -> None:
    error = here.unfit()
    assert error is not None
    with pytest.raises(HarnessError, match=said):
        raise error


def test_a_usual_machine_is_fit() -> None:
    assert Machine("Linux", "x86_64", (2, 36)).unfit() is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_the_clusters_error(number: int) -> None:
    with pytest.raises(ClusterError, match=r"too full.*\(/cache\)"), storage_errors(Path("/cache")):
        raise OSError(number, "full")


def test_an_error_that_is_not_the_disks_passes() -> None:
    with pytest.raises(ConnectionResetError), storage_errors(Path("/cache")):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", "here")
    assert cache_root() == tmp_path / "here"
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_root() == Path("/somewhere/milvus-harness")
    monkeypatch.setenv("HARNESS_CACHE", "/a:b")
    with pytest.raises(BadInput, match="colon"):
        cache_root()


@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=5), lost=st.data())
def test_a_part_is_complete_only_with_every_byte_of_it(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], lost: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("cache")
    made = root / "made"
    for number, size in enumerate(sizes):
        (made / f"sub{number}").mkdir(parents=True)
        (made / f"sub{number}/file").write_bytes(bytes(size))
    install(made, root / "part", "digest")
    assert is_complete(root / "part", "digest")
    assert not is_complete(root / "part", "another digest")

    victim = root / f"part/sub{lost.draw(st.integers(0, len(sizes) - 1))}/file"
    victim.write_bytes(bytes(victim.stat().st_size + 1))
    assert not is_complete(root / "part", "digest")
    victim.unlink()
    assert not is_complete(root / "part", "digest")


@pytest.mark.parametrize("manifest", ["", "{", json.dumps([])])
def test_a_damaged_manifest_counts_as_absent(tmp_path: Path, manifest: str) -> None:
    (tmp_path / MANIFEST).write_text(manifest)
    assert not is_complete(tmp_path, "digest")


def test_the_bar_adds_up_and_never_goes_back() -> None:
    bar = Progress(disable=True)
    fetching = Fetching({"a": 100, "b": 50}, bar)
    task = bar.tasks[0]

    def shown() -> tuple[float, float | None, str]:
        return task.completed, task.total, task.description

    fetching.begin("a")
    fetching.begin("b")
    fetching.fetched("a", 60)
    fetching.fetched("b", 70)
    assert shown() == (110, 150, "fetching b")
    fetching.fetched("a", 10)
    assert task.completed == 110
    fetching.end("b")
    fetching.unpacking("a")
    assert shown() == (150, 150, "unpacking a")
    fetching.end("a")
    assert shown() == (150, 150, "done")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ailment(beginning: str) -> Ailment:
    return next(one for one in doctor.diagnose() if one.what.startswith(beginning))


def test_the_doctor_tells_what_will_be_fetched_and_changes_nothing(empty_cache: Path) -> None:
    assert ailment("milvus 2.3.5").what == "milvus 2.3.5: 57.7 MB, to be fetched when first used"
    assert ailment("Kafka:").what == "Kafka: 34.5 MB, to be fetched when first used"
    assert ailment("Kafka's start-up cache").what.endswith("to be made when first used")
    assert not empty_cache.exists()


@pytest.mark.usefixtures("empty_cache")
def test_the_doctor_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "here", lambda: Machine("Linux", "riscv64", (2, 36)))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(doctor, "free_bytes", lambda _: 1_000_000)
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 512))

    ill = {one.what: one.mend for one in doctor.diagnose() if not one.ok}

    assert all(ill.values())
    assert ill["Chromium: absent; only the browser tests need it"] == "apt-get install chromium"
    assert {what.split()[0] for what in ill} >= {"Milvus's", "this", "disk", "open"}


def test_the_doctor_names_a_start_up_cache_that_failed(empty_cache: Path) -> None:
    failed = empty_cache / "kafka-aot/key.failed"
    failed.parent.mkdir(parents=True)
    failed.write_text("why")
    assert ailment("Kafka's start-up cache").mend == f"rm {failed}"


def test_free_space_is_that_of_the_folder_to_be_made(tmp_path: Path) -> None:
    assert machine.free_bytes(tmp_path / "not/yet/there") > 0
