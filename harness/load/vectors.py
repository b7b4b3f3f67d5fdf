"""A user's own vectors: .npy files, and HDF5 in the layout of ann-benchmarks (train, test)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

_HDF5_ENDINGS = (".hdf5", ".h5")


@dataclass(frozen=True, eq=False)
class Found:
    """Rows of shape (rows, dim); queries of shape (q, dim), None where the file has none. float32."""

    rows: NDArray[np.float32]
    queries: NDArray[np.float32] | None


def read_vectors(path: Path, *, rows: int, dim: int, queries: int) -> Found:
    """Read the first `rows` vectors, and as many of the file's own queries as asked for.

    Raises BadInput, naming the file, for one that is missing, of another kind, or too small for what is asked.
    """
    if not path.is_file():
        raise BadInput("no such file of vectors", where=str(path), mend="give the path of a .npy or .hdf5 file")
    if path.suffix == ".npy":
        return Found(_taken(_open_npy(path), rows, dim, path, "rows"), None)
    if path.suffix in _HDF5_ENDINGS:
        return _read_hdf5(path, rows, dim, queries)
    raise BadInput(f"unknown ending {path.suffix!r}", where=str(path), mend="use .npy, or .hdf5 with train and test")


def _open_npy(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadInput("cannot be read as .npy", where=str(path), mend=f"write it with numpy.save ({error})") from error
    return array


def _read_hdf5(path: Path, rows: int, dim: int, queries: int) -> Found:
    try:
        import h5py  # noqa: PLC0415 - an extra: only those who bring such a file need it
    except ImportError as error:
        mend = "pip install 'milvus-harness[hdf5]'"
        raise BadInput("reading HDF5 needs h5py", where=str(path), mend=mend) from error
    try:
        with h5py.File(path, "r") as file:
            for name in ("train", "test"):
                if name not in file:
                    mend = "use ann-benchmarks' layout: datasets train and test"
                    raise BadInput(f"has no dataset {name!r}", where=str(path), mend=mend)
            train = _taken(file["train"], rows, dim, path, "rows")
            return Found(train, _taken(file["test"], queries, dim, path, "queries"))
    except OSError as error:
        raise BadInput("cannot be read as HDF5", where=str(path), mend=f"write it anew ({error})") from error


def _taken(array: Any, count: int, dim: int, path: Path, what: str) -> NDArray[np.float32]:
    if len(array.shape) != 2 or not np.issubdtype(array.dtype, np.number):
        found = f"{what} of shape {tuple(array.shape)} and type {array.dtype}"
        raise BadInput(f"has {found}", where=str(path), mend="give numbers of shape (n, dim)")
    have, wide = array.shape
    if have < count or wide != dim:
        mend = f"ask for at most {have} {what} of dim {wide}"
        raise BadInput(f"has {have} {what} of dim {wide}, not {count} of dim {dim}", where=str(path), mend=mend)
    taken = np.ascontiguousarray(array[:count], dtype=np.float32)
    if not np.isfinite(taken).all():
        raise BadInput(f"has {what} that are not finite", where=str(path), mend="remove the rows with NaN or inf")
    return taken
