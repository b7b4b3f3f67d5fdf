"""What an API server would say of a resource, by the definition alone: fields that are unknown, and wrong types."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = "HARNESS_TEST_CRD"
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "lab" / "operator" / "chart" / "crd.yaml"

Schema = Mapping[str, Any]
_IS: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def definition() -> Path | None:
    """Return the file of the definition, None where there is none."""
    file = Path(os.environ.get(FILE) or _BESIDE)
    return file if file.is_file() else None


@cache
def read_schema(file: Path, version: str) -> Schema:
    """Return the schema of one version of a definition."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    versions = yaml.load(file.read_text(encoding="utf-8"), loader)["spec"]["versions"]  # noqa: S506 - a safe one
    schemas: dict[str, Schema] = {one["name"]: one["schema"]["openAPIV3Schema"] for one in versions}
    return schemas[version]


def faults(resource: Mapping[str, Any], schema: Schema) -> list[str]:
    """Return what is wrong with a resource's spec, each with its path."""
    return list(_faults(resource["spec"], schema["properties"]["spec"], "spec"))


def _faults(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if value is None and schema.get("nullable"):
        return
    if not _fits(value, schema):
        yield f"{path}: is no {schema.get('type', 'integer or string')}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: is none of {schema['enum']}"
    elif isinstance(value, Mapping):
        yield from _in_mapping(value, schema, path)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _faults(one, schema.get("items", {}), f"{path}[{number}]")


def _fits(value: Any, schema: Schema) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return _IS["integer"](value) or _IS["string"](value)
    return "type" not in schema or _IS[schema["type"]](value)


def _in_mapping(value: Mapping[str, Any], schema: Schema, path: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path}.{key}: is missing"
    for key, one in value.items():
        if key in known:
            yield from _faults(one, known[key], f"{path}.{key}")
        elif isinstance(others, Mapping):
            yield from _faults(one, others, f"{path}.{key}")
        elif not others and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{path}.{key}: is unknown"
