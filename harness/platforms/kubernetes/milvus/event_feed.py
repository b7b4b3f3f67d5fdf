"""What Kubernetes says while a run goes on: the resource's states, its events, the way in. Told once, and kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns
from typing import Any

from harness.history import Event, EventKind
from harness.platforms.kubernetes.access.api import Object

# Text of an event as a report can show it.
_MESSAGE = 200


class EventFeed:
    """Turns what is seen into events of the history, and keeps the objects themselves, a JSON line each.

    Its methods may be called from any thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._told: list[Event] = []
        self._known: dict[str, tuple[str, str]] = {}

    def drain(self) -> tuple[Event, ...]:
        """Return what was told since the last call, oldest first."""
        with self._lock:
            told, self._told = self._told, []
        return tuple(told)

    def on_resource(self, change: str, found: Object, t_ns: int) -> None:
        """Note the resource's status and conditions where they are others than before."""
        status: Mapping[str, Any] = found.get("status", {})
        states = {one["type"]: (one["status"], one.get("reason", "")) for one in status.get("conditions", [])}
        states["status"] = ("gone" if change == "DELETED" else status.get("status", "Pending"), "")
        fresh = {name: state for name, state in states.items() if self._known.get(name) != state}
        if fresh:
            self._keep("milvus-resource", t_ns, {"generation": found["metadata"].get("generation"), "status": status})
        for name, (value, reason) in fresh.items():
            self._tell(Event(t_ns, EventKind.RESOURCE, name, value, {"reason": reason}))
        self._known.update(fresh)

    def on_event(self, change: str, found: Object, t_ns: int) -> None:
        """Note an event of the namespace."""
        if change == "DELETED":
            return
        about = found.get("involvedObject", {})
        name, reason = f"{about.get('kind', '')}/{about.get('name', '')}", found.get("reason") or ""
        message = (found.get("message") or "")[:_MESSAGE]
        self._keep("kubernetes-events", t_ns, {"about": name, "reason": reason, "message": found.get("message")})
        self._tell(Event(t_ns, EventKind.ORCHESTRATOR, name, reason, {"message": message}))

    def on_way_in(self, what: str, pod: str) -> None:
        """Note that a forwarded connection broke, or that one was opened again."""
        self._tell(Event(monotonic_ns(), EventKind.WAY_IN, "port-forward", what, {"pod": pod}))

    def note(self, name: str, what: str) -> None:
        """Note what a reader should know."""
        self._tell(Event(monotonic_ns(), EventKind.NOTE, name, what))

    def _tell(self, event: Event) -> None:
        with self._lock:
            self._told.append(event)

    def _keep(self, name: str, t_ns: int, what: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock, (self._folder / f"{name}.log").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"t_ns": t_ns, **what}) + "\n")
