"""Kafka's start-up cache: classes and profiles of one training run, which make a start two to three times quicker."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tenacity

from harness.errors import HarnessError
from harness.platforms.local.cache import filling, new_staging
from harness.platforms.local.machine import storage_errors
from harness.platforms.local.ports import free_ports

# A cache made with one collector cannot be used with another: whoever starts Kafka with it passes these.
KAFKA_JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
# Measured: 64 MB, and a training run of some 10 s on 2 cores. The limits leave room for a slow machine.
AOT_BYTES = 64_000_000
_READY_TIMEOUT_S = 60
_RUN_TIMEOUT_S = 120
_WRITE_TIMEOUT_S = 60
_ATTEMPTS = 2  # a port that was free can be taken before Kafka binds it
_READY = "Kafka Server started"
# Any well-formed id does, but the lowest, which Kafka reserves: this broker lives for seconds and nobody joins it.
_ID = "bWlsdnVzLWhhcm5lc3MtMQ"
_IDENTITY = {"version": "1", "cluster.id": _ID, "node.id": "1", "directory.id": _ID}
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.election.timeout.ms": "200",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}


class _NotTrainedError(Exception):
    """The training run did not come to its end; the message says why in one line."""


@dataclass(frozen=True)
class Kafka:
    """What runs Kafka: the java program and the jars, in the order of the classpath."""

    java: Path
    jars: tuple[Path, ...]

    @property
    def classpath(self) -> str:
        """The value of -cp."""
        return ":".join(map(str, self.jars))

    def key(self) -> str:
        """Name all that the JVM checks before it trusts a cache (runtime; jars' paths, sizes, ages) and its making."""
        files = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in (self.java, *self.jars)]
        return hashlib.sha256(repr((files, KAFKA_JVM, _SETTINGS, _IDENTITY)).encode()).hexdigest()[:16]


def aot_cache(root: Path, kafka: Kafka, note: Callable[[str], None]) -> Path | None:
    """Return the start-up cache, made now where there is none; None, with a note, where that does not work.

    A failure is remembered beside it as `<key>.failed`, so that it costs its time once; removing that file, or
    the cache, tries again.
    """
    cache, failed = (root / "kafka-aot" / f"{kafka.key()}.{ending}" for ending in ("aot", "failed"))
    if cache.is_file() or failed.is_file():
        return cache if cache.is_file() else None
    try:
        with storage_errors(root), filling(root, note):
            if not cache.is_file():
                _make(root, kafka, cache, note)
    except _NotTrainedError as error:
        _remember(failed, str(error))
        note(f"Kafka starts without its start-up cache, some 3 s slower: {error}")
        return None
    except (HarnessError, OSError, subprocess.SubprocessError) as error:  # a full disk: Kafka works without
        note(f"Kafka starts without its start-up cache, some 3 s slower: {error}")
        return None
    return cache


def _remember(failed: Path, reason: str) -> None:
    failed.parent.mkdir(exist_ok=True)
    failed.write_text(reason + "\n", encoding="utf-8")


def _make(root: Path, kafka: Kafka, cache: Path, note: Callable[[str], None]) -> None:
    note("preparing Kafka's start-up cache, once")
    made = _trained(root, kafka)
    cache.parent.mkdir(exist_ok=True)
    for outdated in cache.parent.iterdir():  # a process that still uses one keeps its open file
        outdated.unlink()
    made.rename(cache)


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(_NotTrainedError),
    stop=tenacity.stop_after_attempt(_ATTEMPTS),
    reraise=True,
)
def _trained(root: Path, kafka: Kafka) -> Path:
    folder = new_staging(root)
    made, log = folder / "kafka.aot", folder / "kafka.log"
    properties = _write_configuration(folder)
    command = [str(kafka.java), *KAFKA_JVM, f"-XX:AOTCacheOutput={made}", "-cp", kafka.classpath]
    # coreutils' timeout ends Kafka even where the harness itself was killed meanwhile. Told to end, it gives its
    # child the time after which it kills: writing the cache takes some seconds.
    bounded = ["timeout", f"--kill-after={_WRITE_TIMEOUT_S}", str(_RUN_TIMEOUT_S), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*bounded, "kafka.Kafka", str(properties)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait_ready(process, log)
            process.terminate()
            process.wait(_RUN_TIMEOUT_S + _WRITE_TIMEOUT_S)
        finally:
            _end(process)
    if not made.is_file():
        raise _NotTrainedError(f"java left no cache: {_reason(log)}")
    return made


def _wait_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    def look() -> bool:
        if process.poll() is not None:
            raise _NotTrainedError(f"Kafka ended by itself: {_reason(log)}")
        return _READY in log.read_text(encoding="utf-8", errors="replace")

    polling = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda ready: not ready),
        stop=tenacity.stop_after_delay(_READY_TIMEOUT_S),
        wait=tenacity.wait_fixed(0.1),
    )
    try:
        polling(look)
    except tenacity.RetryError as error:
        raise _NotTrainedError(f"Kafka was not ready in {_READY_TIMEOUT_S} s: {_reason(log)}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no process of the run: Java, the one that it starts to write the cache, and timeout."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _reason(log: Path) -> str:
    """Return the first exception or Java's own error, else the last line."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    telling = (line for line in lines if "Exception:" in line or line.startswith(("Error", "OpenJDK 64-Bit")))
    return next(telling, lines[-1] if lines else "it printed nothing")


def _write_configuration(folder: Path) -> Path:
    """Write what one process that is broker and controller needs, on free loopback ports; no format step."""
    data = folder / "data"
    data.mkdir()
    (data / "meta.properties").write_text(_lines(_IDENTITY), encoding="utf-8")
    client, controller = free_ports(2, near=str(folder))
    properties = folder / "server.properties"
    here = {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
        "log.dirs": str(data),
    }
    properties.write_text(_lines(_SETTINGS | here), encoding="utf-8")
    return properties


def _lines(values: dict[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
