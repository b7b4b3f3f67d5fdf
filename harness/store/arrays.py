"""Truth and readbacks on disk: plain .npz files (no pickle), written whole or not at all.

Each holds its format as an array of that name; the first files had none.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.history import Readback, Truth

FORMAT = 1  # of both: raised whenever an array changes its meaning


def write_truth(path: Path, truth: Truth) -> None:
    """Replace the file with exact neighbours; arrays keep their types, so a re-check is bit for bit."""
    _write(
        path,
        metric=np.array(truth.metric),
        k=np.array(truth.k),
        rows=np.array(truth.rows),
        base_ids=truth.base_ids,
        base_distances=truth.base_distances,
        written_keys=truth.written_keys,
        written_distances=truth.written_distances,
    )


def read_truth(path: Path) -> Truth:
    """Read exact neighbours back. Raises BadInput where the file is missing or not what was written."""
    a = _read(path, "metric", "k", "rows", "base_ids", "base_distances", "written_keys", "written_distances")
    return Truth(
        metric=str(a["metric"]),
        k=int(a["k"]),
        rows=int(a["rows"]),
        base_ids=a["base_ids"],
        base_distances=a["base_distances"],
        written_keys=a["written_keys"],
        written_distances=a["written_distances"],
    )


def write_readback(path: Path, readback: Readback) -> None:
    """Replace the file with one Strong read of everything."""
    _write(
        path,
        t_ns=np.array(readback.t_ns),
        keys=readback.keys,
        versions=readback.versions,
        count=np.array(readback.count),
    )


def read_readback(path: Path) -> Readback:
    """Read one readback. Raises BadInput where the file is missing or not what was written."""
    a = _read(path, "t_ns", "keys", "versions", "count")
    return Readback(t_ns=int(a["t_ns"]), keys=a["keys"], versions=a["versions"], count=int(a["count"]))


def _write(path: Path, **arrays: NDArray[np.generic]) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, format=np.array(FORMAT), **arrays)
    fresh.replace(path)


def _read(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            written = int(stored["format"]) if "format" in stored.files else FORMAT
            arrays = {name: stored[name] for name in names}
    except FileNotFoundError:
        raise BadInput("missing", where=str(path), mend="the scenario ended before it was written") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(f"unreadable: {error}", where=str(path), mend="restore the file") from None
    if written != FORMAT:
        what = f"format {written}, where this harness reads {FORMAT}"
        raise BadInput(what, where=str(path), mend="read it with the harness that wrote it")
    return arrays
