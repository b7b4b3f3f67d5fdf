"""Reads the yardstick: what this machine does by itself, in a process of its own, while nothing else of ours works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic_ns

from harness.errors import ClusterError
from harness.events import YardstickRead, as_event
from harness.history import Event
from harness.load.job import TUNED_GRPC
from harness.plan.specs import DataSpec
from harness.platforms.process import OWNER, owner_mark

# A machine ten times slower than those seen needs half a minute.
_TIMEOUT_S = 120.0
# One core is one core: a library of linear algebra would take all of them for one search.
_SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def read_yardstick(data: DataSpec, folder: Path) -> Event:
    """Return a reading as an event; its parts in milliseconds. Errors: ClusterError where it can't be read."""
    shape = map(str, (data.rows, data.dim, data.k))
    command = [sys.executable, "-m", "harness.load.yardstick", *shape, str(folder)]
    # Marked as ours, so that heal ends it where the harness was killed meanwhile.
    environment = {**os.environ, **TUNED_GRPC, **_SINGLE, OWNER: owner_mark()}
    try:
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        what = f"the machine did not read its yardstick within {_TIMEOUT_S:.0f} s"
        raise ClusterError(what, where="yardstick", mend="use a machine that is less busy") from None
    except subprocess.CalledProcessError as error:
        why = error.stderr.strip().splitlines()[-1:] or [f"exit status {error.returncode}"]
        raise ClusterError(f"the yardstick can't be read: {why[0]}", where=command[2], mend="see the line") from None
    read = YardstickRead(**{part: round(ms, 4) for part, ms in json.loads(done.stdout).items()})
    return as_event(read, "yardstick", monotonic_ns())
