"""The undo of every fault, on disk before the fault is done: data, so that another process can finish it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.cluster import Breakable, Cluster, Role


class Verb(StrEnum):
    """What undoes a fault."""

    START = "start"
    RESUME = "resume"
    SCALE = "scale"
    CONFIGURE = "configure"


@dataclass(frozen=True)
class Undo:
    """One step that takes a fault back: the verb, its member or role, and its value."""

    verb: Verb
    target: str = ""
    value: str = ""


class Journal:
    """An append-only file of JSON lines: a step with its undo, then that it is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def step(self, what: str, undo: tuple[Undo, ...] = ()) -> Iterator[None]:
        """Record a step before it is done, and that it is over once it is. An exception leaves it pending."""
        number = sum("what" in line for line in self._lines())
        self._append({"step": number, "what": what, "undo": [asdict(one) for one in undo]})
        yield
        self._append({"step": number, "done": True})

    def pending(self) -> list[Undo]:
        """Return the undo of every step that was begun and not finished, the last one first."""
        lines = list(self._lines())
        done = {line["step"] for line in lines if line.get("done")}
        begun = [line for line in lines if "what" in line and line["step"] not in done]
        return [
            Undo(Verb(one["verb"]), one["target"], one["value"]) for line in reversed(begun) for one in line["undo"]
        ]

    def settle(self) -> None:
        """Record that nothing is pending any more."""
        for line in list(self._lines()):
            if "what" in line:
                self._append({"step": line["step"], "done": True})

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return  # the harness was killed while it wrote its last line; that step had not begun


def take_back(cluster: Cluster, undo: Undo) -> None:
    """Do one undo. Doing it twice does no harm. Errors: ClusterError."""
    if undo.verb is Verb.SCALE:
        _changeable(cluster).scale(Role(undo.target), int(undo.value), lambda _member, _what: None)
    elif undo.verb is Verb.CONFIGURE:
        _changeable(cluster).configure(json.loads(undo.value), lambda _member, _what: None)
    else:
        _start_again(cluster, undo)


def _start_again(cluster: Cluster, undo: Undo) -> None:
    if isinstance(cluster, Breakable):
        if undo.verb is Verb.RESUME:
            cluster.resume(undo.target)
        cluster.start(undo.target)


def _changeable(cluster: Any) -> Any:
    return cluster
