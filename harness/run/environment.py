"""What a reader of a report must know of the machine that it was made on."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import psutil

_SHOWN = ("milvus-harness", "pymilvus", "locust", "pytest")


def environment() -> dict[str, str]:
    """Return the machine and the versions of what measured, each by a name fit for a reader."""
    memory_gb = psutil.virtual_memory().total / 1e9
    return {
        "machine": f"{_cpu()}, {psutil.cpu_count()} cores, {memory_gb:.0f} GB",
        "system": f"{_system()}, Linux {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _SHOWN},
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"
