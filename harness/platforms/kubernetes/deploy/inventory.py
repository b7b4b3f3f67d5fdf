"""What the harness made beside the resource, written down before it is made, so that just that is removed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import BadInput
from harness.platforms.kubernetes.access.api import Kube, Object
from harness.platforms.kubernetes.place import OWNER

_FILE = "made.jsonl"


@dataclass(frozen=True)
class Made:
    """One object; `namespace` is empty for one that has none."""

    api: str
    kind: str
    name: str
    namespace: str


class Inventory:
    """A file of JSON lines in a cluster's folder, only ever appended to."""

    def __init__(self, folder: Path, mark: str) -> None:
        self._path, self._mark = folder / _FILE, mark

    def apply(self, kube: Kube, body: Object, namespace: str) -> None:
        """Make an object that carries whose it is. Errors: BadInput for one that is somebody's, ClusterError."""
        api, kind, metadata = body["apiVersion"], body["kind"], body["metadata"]
        place = metadata.get("namespace", namespace) if kube.is_namespaced(kind, api) else ""
        found = kube.get(kind, metadata["name"], place or None, api)
        if found and not is_marked(found, self._mark):
            what = f"there is a {kind} {metadata['name']!r} already"
            raise BadInput(what, where=place or "the cluster", mend="rename it in dependencies.manifests")
        self._append(Made(api, kind, metadata["name"], place))
        kube.apply(marked(body, self._mark), place or None)

    def remove(self, kube: Kube, *, but: str) -> None:
        """Delete what was made, the last one first, `but` what goes with that namespace. Errors: ClusterError."""
        for made in (made for made in reversed(list(self._made())) if not but or made.namespace != but):
            found = kube.get(made.kind, made.name, made.namespace or None, made.api)
            if found and is_marked(found, self._mark):
                kube.delete(made.kind, made.name, made.namespace or None, api=made.api)

    def _append(self, made: Made) -> None:
        with self._path.open("a", encoding="ascii") as file:
            file.write(json.dumps(asdict(made)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _made(self) -> Iterator[Made]:
        lines = self._path.read_text(encoding="ascii").splitlines() if self._path.exists() else []
        for line in lines:
            with suppress(json.JSONDecodeError):  # the harness was killed while it wrote: that one was not made
                yield Made(**json.loads(line))


def marked(body: Object, mark: str) -> Object:
    """Return an object that carries who made it."""
    metadata = {**body["metadata"], "labels": {**body["metadata"].get("labels", {}), OWNER: mark}}
    return {**body, "metadata": metadata}


def is_marked(found: Object, mark: str) -> bool:
    """Whether an object carries this mark."""
    return bool((found["metadata"].get("labels") or {}).get(OWNER) == mark)
