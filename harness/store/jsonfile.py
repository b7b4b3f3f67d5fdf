"""Small JSON files: written whole or not at all, and read with an error that names the file."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import BadInput

T = TypeVar("T")
_SEAL = "sha256"


def write_json(path: Path, document: object) -> None:
    """Replace a file with a document; a reader sees the old or the new one, never half of either."""
    text = json.dumps(encode_numbers(document), indent=2, ensure_ascii=False, allow_nan=False)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(f"{text}\n", encoding="utf-8")
    fresh.replace(path)


def write_sealed(path: Path, document: dict[str, Any]) -> None:
    """Replace a file with a document and its own SHA-256, by which `unsealed` tells that it was edited."""
    write_json(path, {**document, _SEAL: _seal(encode_numbers(document))})


def unsealed(document: dict[str, Any], *, where: Path) -> dict[str, Any]:
    """Return a document without its seal. Raises BadInput where it is not as the harness wrote it."""
    content = {key: value for key, value in document.items() if key != _SEAL}
    if document.get(_SEAL) != _seal(content):
        mend = "restore the file, or run the scenario again"
        raise BadInput(f"{where.name} was changed after the harness wrote it", where=str(where.parent), mend=mend)
    return content


def _seal(document: dict[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def read_json(path: Path, *, what: str) -> dict[str, Any]:
    """Read a JSON object; `what` names the thing it should have been.

    Raises BadInput where there is no such file or it does not hold an object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mend = "this file is missing; name a folder that holds it"
        raise BadInput(f"not {what}", where=str(path), mend=mend) from None
    except (OSError, ValueError) as error:
        raise BadInput(f"unreadable: {error}", where=str(path), mend="restore the file or make the run again") from None
    if not isinstance(document, dict):
        raise BadInput(f"not {what}", where=str(path), mend="it must hold a JSON object")
    return document


def check_format(document: dict[str, Any], known: int, *, where: Path, oldest: int | None = None) -> None:
    """Raise BadInput where a file was written by a harness that meant something else by it.

    `oldest` is the first format that is still read, where it is not `known` alone.
    """
    written = document.get("format")
    if not isinstance(written, int) or written < 1:
        raise BadInput("no format number", where=str(where), mend="this file was not written by the harness")
    if not (oldest or known) <= written <= known:
        older_or_newer, mend = (
            ("newer", "upgrade it") if written > known else ("older", "read it with the one it is of")
        )
        what = f"format {written} is {older_or_newer} than this harness, which reads {known}"
        raise BadInput(what, where=str(where), mend=mend)


def validated(adapter: TypeAdapter[T], raw: dict[str, Any], where: Path) -> T:
    """Build a record from its JSON. Raises BadInput naming the first key that does not fit."""
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{key}: {first['msg']}", where=str(where), mend="restore the file") from None


def encode_numbers(value: Any) -> Any:
    """Replace what JSON has no number for, at any depth: infinities become "inf" and "-inf", NaN "nan"."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: encode_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode_numbers(item) for item in value]
    return value


def decode_number(value: Any) -> float:
    """Undo encode_numbers for one number; integers stay integers. Raises ValueError on anything else."""
    if isinstance(value, str):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")  # noqa: TRY004 - pydantic and callers expect ValueError
    return value
