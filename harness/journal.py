"""The undo of every action, on disk before the action is done: data, so that another process can finish it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from harness.verbs import Cluster


@dataclass(frozen=True)
class Undo:
    """One step that takes an action back: a verb of the cluster, and its arguments as text.

    `outlives`: what it takes back would be left though the cluster itself is removed.
    """

    verb: str
    arguments: tuple[str, ...] = ()
    outlives: bool = False


@dataclass(frozen=True)
class Pending:
    """A step that was begun and is not over: its number, what it is, and what takes it back."""

    number: int
    what: str
    undo: tuple[Undo, ...]


@dataclass
class TakenBack:
    """What heal took back, and what it does not know how to: a newer harness may, so that stays in the journal."""

    taken_back: list[Undo] = field(default_factory=list)
    unknown: list[Undo] = field(default_factory=list)


class Journal:
    """An append-only file of JSON lines: a step with its undo, then that it is done. Threads may share one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    @contextmanager
    def step(self, what: str, undo: tuple[Undo, ...] = ()) -> Iterator[None]:
        """Record a step before it is done, and that it is over once it is. An exception leaves it pending."""
        with self._lock:
            number = sum("what" in line for line in self._lines())
            self._append({"step": number, "what": what, "undo": [asdict(one) for one in undo]})
        yield
        self.settle(number)

    def pending(self) -> list[Pending]:
        """Return every step that was begun and not finished, the last one first."""
        lines = list(self._lines())
        done = {line["step"] for line in lines if line.get("done")}
        begun = [line for line in lines if "what" in line and line["step"] not in done]
        return [Pending(line["step"], line["what"], tuple(map(_undo, line["undo"]))) for line in reversed(begun)]

    def settle(self, step: int) -> None:
        """Record that a step is not pending any more."""
        with self._lock:
            self._append({"step": step, "done": True})

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


def heal(cluster: Cluster, *, what_outlives: bool = False) -> TakenBack:
    """Take back every action that was begun and not healed, the last one first.

    Whoever removes the cluster next may leave all but what would outlive it. Errors: ClusterError.
    """
    journal, healed = Journal(cluster.journal), TakenBack()
    for step in journal.pending():
        wanted = [undo for undo in step.undo if undo.outlives or not what_outlives]
        known = [take_back(cluster, undo) for undo in wanted]
        healed.taken_back += [undo for undo, done in zip(wanted, known, strict=True) if done]
        healed.unknown += [undo for undo, done in zip(wanted, known, strict=True) if not done]
        if all(known):
            journal.settle(step.number)
    return healed


def take_back(cluster: Cluster, undo: Undo) -> bool:
    """Do one undo; say whether the cluster has such a verb. Doing it twice does no harm. Errors: ClusterError."""
    call = _call(cluster, undo)
    if call:
        call()
    return call is not None


def _call(cluster: Cluster, undo: Undo) -> Callable[[], object] | None:
    """Return the cluster's verb with its arguments as it takes them; None where it has none that takes these."""
    verb = None if undo.verb.startswith("_") else getattr(cluster, undo.verb, None)
    if not callable(verb):
        return None
    hints = get_type_hints(verb)
    try:
        given = signature(verb).bind(*undo.arguments).arguments
        return partial(verb, *(TypeAdapter(hints[name]).validate_python(text) for name, text in given.items()))
    except (TypeError, ValidationError):
        return None


def _undo(written: Mapping[str, Any]) -> Undo:
    if "arguments" in written:
        return Undo(written["verb"], tuple(written["arguments"]), written["outlives"])
    # As an older harness writes it: a word for the verb, a target and a value.
    arguments = tuple(filter(None, (written["target"], written["value"])))
    return Undo(written["verb"].replace(" ", "_"), arguments, outlives=True)
