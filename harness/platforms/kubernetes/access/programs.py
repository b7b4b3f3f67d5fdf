"""The programs beside the API server: kind, docker, helm; each failure in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ClusterError
from harness.platforms.process import TAG
from harness.platforms.programs import PROGRAMS


def require(program: str) -> None:
    """Refuse where a program is missing. Errors: ClusterError."""
    if not shutil.which(program):
        raise ClusterError(f"there is no {program}", where="PATH", mend=PROGRAMS.get(program, "install it"))


def run(command: Sequence[str], *, text: str = "", timeout_s: float = 600, tag: Path | None = None) -> str:
    """Run a program to its end and return what it printed. Errors: ClusterError with its own reason.

    A `tag` is carried in its environment, so that heal can end one that outlived a killed harness.
    """
    require(command[0])
    what = " ".join(command[:3])
    try:
        done = subprocess.run(
            command,
            input=text,
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout_s,
            env={**os.environ, TAG: str(tag)} if tag else None,
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"not done after {timeout_s:.0f} s", where=what, mend="see that Docker answers") from None
    if done.returncode:
        raise ClusterError(_reason(done.stderr), where=what, mend=_mend(done.stderr))
    return done.stdout


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(("error", "docker:", "cannot"))]
    return (telling or lines or ["it failed and said nothing"])[0].removeprefix("ERROR: ")[:300]


def _mend(said: str) -> str:
    if "docker daemon" in said.lower():
        return "start Docker, or add yourself to its group"
    if "port is already allocated" in said or "address already in use" in said:
        return "set kind.host_port to a port that is free, or to 0"
    if "already exist" in said:
        return "remove it with kind delete cluster, or use it with kind.existing"
    return "mend what it says"
