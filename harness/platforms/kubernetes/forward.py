"""Ports of a pod on this machine, through the API server."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from kubernetes.stream import portforward

from harness.platforms.kubernetes.api import Kube

_CHUNK = 1 << 16
_LOOK_S = 0.5


class PortForward:
    """A port of 127.0.0.1 whose connections lead to a port of a pod, chosen for each; one dies with its pod."""

    def __init__(self, kube: Kube, namespace: str, pod: Callable[[], str], port: int) -> None:
        self._kube, self._namespace, self._pod, self._target = kube, namespace, pod, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> PortForward:
        threading.Thread(target=self._accept, name="port-forward", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # Wakes the thread that waits in accept.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="forwarded connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # The client raises its own error, the websocket's or the socket's; each one ends this connection alone.
        with connection, suppress(Exception), self._kube.core() as core:
            forwarded = portforward(
                core.connect_get_namespaced_pod_portforward, self._pod(), self._namespace, ports=str(self._target)
            )
            with closing(forwarded):
                self._pump(connection, forwarded.socket(self._target))

    def _pump(self, here: socket.socket, there: Any) -> None:
        ways = {here: there, there: here}
        while not self._over.is_set():
            ready, _, _ = select.select(list(ways), [], [], _LOOK_S)
            for side in ready:
                if not (data := side.recv(_CHUNK)):
                    return
                ways[side].sendall(data)


@contextmanager
def forwarded(kube: Kube, namespace: str, pod: str, ports: dict[str, int]) -> Iterator[dict[str, int]]:
    """Yield this machine's port for each named port of a pod, for as long as the block lasts."""
    opened = {name: PortForward(kube, namespace, lambda: pod, port) for name, port in ports.items()}
    try:
        yield {name: one.__enter__().port for name, one in opened.items()}
    finally:
        for one in opened.values():
            one.__exit__()
