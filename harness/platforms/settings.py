"""Milvus's settings: the release's own file, then what is changed, in layers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from harness.errors import BadInput
from harness.plan.profiles import check_profile

# `{{ port(int): 19530 }}` in the wheel's template: a name, perhaps a type, perhaps a default.
_PLACEHOLDER = re.compile(r"\{\{\s*[a-z_0-9]+(?:\([a-z]+\))?\s*(?::\s*([^}]*?))?\s*\}\}")
_UNUSED_SECTIONS = ("pulsar", "rocksmq", "natsmq")

_ROLES = ("rootcoord", "querycoord", "datacoord", "proxy", "querynode", "datanode", "indexnode")
# What a platform sets itself, last: a user's value would be overruled in silence.
_WIRED = frozenset(
    (
        *("etcd.use.embed", "etcd.endpoints", "mq.type", "kafka.brokerlist", "common.storagetype"),
        *(f"minio.{key}" for key in ("address", "port", "accesskeyid", "secretaccesskey", "bucketname")),
        *(f"{role}.{key}" for role in _ROLES for key in ("ip", "port")),
    )
)

Tree = dict[str, Any]


def release_settings(template: Path) -> Tree:
    """Return a release's own settings from its wheel's template, each placeholder at its default."""
    text = _PLACEHOLDER.sub(lambda match: match.group(1) or '""', template.read_text(encoding="utf-8"))
    tree: Tree = yaml.safe_load(text)
    return {section: value for section, value in tree.items() if section not in _UNUSED_SECTIONS}


def layered(template: Path, *layers: Mapping[str, Any]) -> Tree:
    """Return the release's settings with each layer of dotted keys laid over it, the last one strongest."""
    return nested(*layers, onto=release_settings(template))


def nested(*layers: Mapping[str, Any], onto: Tree | None = None) -> Tree:
    """Return layers of dotted keys as a tree, laid over another one where one is given."""
    tree: Tree = {} if onto is None else onto
    for layer in layers:
        for key, value in layer.items():
            _put(tree, key.split("."), value)
    return tree


def profile_settings(profile: str) -> dict[str, Any]:
    """Return what a profile changes. Errors: BadInput."""
    check_profile(profile)
    return shipped(__package__, f"profiles/{profile}.yaml")


def typed(settings: Mapping[str, str]) -> dict[str, Any]:
    """Read the values of `--set key=value` as YAML would. Errors: BadInput."""
    return {key: _value(key, text) for key, text in settings.items()}


def check_keys(settings: Mapping[str, Any], template: Path) -> None:
    """Refuse a setting that neither the release's file nor the list of its unlisted ones knows. Errors: BadInput."""
    known = {key.lower(): key for key in (*_dotted(release_settings(template)), *_unlisted())}
    for key in settings:
        if key.lower() not in known:
            close = difflib.get_close_matches(key.lower(), known, n=1)
            hint = f"did you mean {known[close[0]]}?" if close else "name it as milvus.yaml does, with dots"
            raise BadInput(f"Milvus has no setting {key!r}", where=f"--set {key}", mend=hint)
        if key.lower() in _WIRED:
            raise BadInput(
                f"{key} is how the members find each other",
                where=f"--set {key}",
                mend="leave it out: the harness sets it for every cluster",
            )


def printed(value: Any) -> str:
    """Return a value as Milvus prints it when it is asked for its settings."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # a date that is none is a ValueError
        raise BadInput(f"{text!r} is no value", where=f"--set {key}", mend="write it as milvus.yaml does") from None


def shipped(package: str, name: str) -> dict[str, Any]:
    """Return a file of settings that lies in a package."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def _unlisted() -> list[str]:
    return resources.files(__package__).joinpath("known_settings.txt").read_text(encoding="utf-8").split()


def _put(tree: Tree, path: list[str], value: Any) -> None:
    """Set a value, keeping the spelling of a key that differs in case alone: Milvus reads both as one."""
    node = tree
    for part in path[:-1]:
        node = node.setdefault(_spelled(node, part), {})
        if not isinstance(node, dict):
            raise BadInput(f"{'.'.join(path)!r} is not a setting", where="--set", mend=f"{part} is a value, no section")
    node[_spelled(node, path[-1])] = value


def _spelled(node: Tree, key: str) -> str:
    return next((name for name in node if name.lower() == key.lower()), key)


def _dotted(tree: Tree, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
