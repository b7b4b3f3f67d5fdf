"""The undo of every fault, on disk before the fault is done: data, so that another process can finish it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from harness.cluster import Role
from harness.verbs import Breakable, Cluster, Isolable, NodePower, OnNodes, Scalable


class Verb(StrEnum):
    """What undoes a fault."""

    START = "start"
    RESUME = "resume"
    SCALE = "scale"
    UNCORDON = "uncordon"
    START_NODE = "start node"
    JOIN = "join"
    DROP = "drop"


# What would be left of a fault though the cluster itself is removed.
OUTLIVES_CLUSTER = (Verb.UNCORDON, Verb.START_NODE, Verb.JOIN)


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
        torn = bool(self._text()) and not self._text().endswith("\n")
        with self._path.open("a", encoding="ascii") as file:
            # A line that a kill cut off must not take the next one with it.
            file.write("\n" * torn + json.dumps(line) + "\n")
            file.flush()
            if self._path.is_file():  # what is left as it was found keeps its journal nowhere
                os.fsync(file.fileno())

    def _lines(self) -> Iterator[dict[str, Any]]:
        for line in self._text().splitlines():
            # What does not parse, the harness was killed while it wrote: that step had not begun, or is not over.
            with suppress(json.JSONDecodeError):
                yield json.loads(line)

    def _text(self) -> str:
        return self._path.read_text(encoding="ascii") if self._path.exists() else ""


def heal(cluster: Cluster, verbs: Collection[Verb] = tuple(Verb)) -> int:
    """Take back every fault that was begun and not healed; return how many steps that took.

    Whoever removes the cluster next may name the verbs that still matter. Errors: ClusterError.
    """
    journal = Journal(cluster.journal)
    pending = [undo for undo in journal.pending() if undo.verb in verbs]
    for undo in pending:
        take_back(cluster, undo)
    journal.settle()
    return len(pending)


def take_back(cluster: Cluster, undo: Undo) -> None:
    """Do one undo. Doing it twice does no harm. Errors: BadInput, ClusterError."""
    if undo.verb is Verb.SCALE:
        cast("Scalable", cluster).scale(Role(undo.target), int(undo.value), lambda _member, _what: None)
    elif undo.verb is Verb.UNCORDON:
        cast("OnNodes", cluster).uncordon(undo.target)
    elif undo.verb is Verb.START_NODE:
        cast("NodePower", cluster).start_node(undo.target)
    elif undo.verb is Verb.JOIN:
        cast("Isolable", cluster).join(Role(undo.target), Role(undo.value))
    elif undo.verb is Verb.DROP:
        from harness.faults import forget  # noqa: PLC0415 - a second of imports, rarely needed

        forget.drop(cluster.endpoint(), undo.target)
    else:
        if undo.verb is Verb.RESUME:
            cast("Breakable", cluster).resume(undo.target)
        cast("Breakable", cluster).start(undo.target)
