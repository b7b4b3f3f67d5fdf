"""Brings the Milvus operator and the dependencies into a Kubernetes cluster."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from harness.errors import BadInput, ClusterError
from harness.platforms.kubernetes.access.api import MILVUS, Kube, Object
from harness.platforms.kubernetes.access.programs import run
from harness.platforms.kubernetes.options import KubernetesOptions, OperatorOptions
from harness.platforms.waiting import until

_RELEASE = "milvus-operator"
_POLL_S = 0.5
# How Helm says so.
_ANOTHER_DOES = ("another operation (install/upgrade/rollback) is in progress", "release: already exists")
_NAME = re.compile(r"\$\{(\w+)\}")


def operator(kube: Kube, options: KubernetesOptions, kubeconfig: Path | None, tag: Path | None = None) -> None:
    """Install the operator as the options say and wait until it is there; one that is there is left as it is.

    `tag` is what heal ends a Helm by that outlived a killed harness. Errors: BadInput, ClusterError.
    """
    if has_definition(kube):
        return
    wanted = options.operator
    if wanted.install == "helm":
        with _unless_another_does():
            _helm(wanted, kubeconfig, options.context, tag)
    elif wanted.install == "manifest":
        manifests(kube, wanted.manifests, wanted.namespace, {})
    if not until(lambda: has_definition(kube), wanted.wait_s, _POLL_S):
        mend = "install the operator, or set operator.install to helm or manifest"
        raise ClusterError("the definition of Milvus is missing", where="milvuses.milvus.io", mend=mend)


@contextmanager
def _unless_another_does() -> Iterator[None]:
    """Leave it to another harness that installs it at this very moment."""
    try:
        yield
    except ClusterError as error:
        if not any(said in error.what for said in _ANOTHER_DOES):
            raise


def has_definition(kube: Kube) -> bool:
    """Whether the API server knows Milvus. Errors: ClusterError."""
    return kube.knows(MILVUS[1], MILVUS[0])


def manifests(kube: Kube, paths: tuple[str, ...], namespace: str, names: Mapping[str, str]) -> None:
    """Apply files of manifests, with `names` filled in. Errors: BadInput, ClusterError."""
    for one in objects(paths, names):
        kube.apply(one, one["metadata"].get("namespace", namespace))


def objects(paths: tuple[str, ...], names: Mapping[str, str]) -> list[Object]:
    """Return the objects of files of manifests, with `names` filled in. Errors: BadInput."""
    return [one for path in paths for one in _read(Path(path), names)]


def namespace(kube: Kube, name: str, owner: Mapping[str, str]) -> None:
    """Make a namespace that carries who made it. Errors: ClusterError, also where there is one."""
    metadata = {"name": name, "labels": dict(owner)}
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with every ${NAME} that is known filled in, in all of its texts; nothing else is touched."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: names.get(found.group(1), found.group()), value)
    if isinstance(value, Mapping):
        return {key: filled(one, names) for key, one in value.items()}
    return [filled(one, names) for one in value] if isinstance(value, list | tuple) else value


def _read(path: Path, names: Mapping[str, str]) -> Iterator[Object]:
    try:
        text = path.read_text(encoding="utf-8")
        found = list(yaml.safe_load_all(filled(text, names)))
    except OSError as error:
        raise BadInput(f"can't be read: {error.strerror}", where=str(path), mend="name a manifest") from None
    except yaml.YAMLError as error:
        raise BadInput(f"is no YAML: {str(error).splitlines()[0]}", where=str(path), mend="mend it") from None
    yield from (one for one in found if one)


def _helm(options: OperatorOptions, kubeconfig: Path | None, context: str, tag: Path | None) -> None:
    place = ["--kubeconfig", str(kubeconfig)] if kubeconfig else []
    place += ["--kube-context", context] if context else []
    source = ["--repo", options.repository] if options.repository else []
    source += ["--version", options.version] if options.version and options.repository else []
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as values:
        yaml.safe_dump(dict(options.values), values)
        values.flush()
        run(
            [
                *("helm", "upgrade", "--install", _RELEASE, options.chart, *source, *place),
                *("--namespace", options.namespace, "--create-namespace", "--values", values.name),
                *("--wait", "--timeout", f"{options.wait_s}s"),
            ],
            timeout_s=options.wait_s + 60,
            tag=tag,
        )
