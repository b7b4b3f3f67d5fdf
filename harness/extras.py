"""What is not installed, and the command that installs it: judging needs a core, the rest comes with extras."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import BadInput

# Top-level modules of packages that only one extra brings; all others that may be lacking come with `run`.
_EXTRAS: Mapping[str, str] = {"kubernetes": "kubernetes", "websocket": "kubernetes", "h5py": "hdf5"}


def lacking(error: ModuleNotFoundError, where: str) -> BadInput | None:
    """Return a missing module as bad input; None where it is one of the harness's own, which is a defect."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "harness", "loadtests"):
        return None
    extra = _EXTRAS.get(name, "run")
    return BadInput(f"{name} is not installed", where=where, mend=f"pip install 'milvus-harness[{extra}]'")
