"""Ports of a pod on this machine, through the API server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websocket import WebSocketException

from harness.errors import HarnessError
from harness.platforms.kubernetes.access.api import Kube

_CHUNK = 1 << 16
# The API server's channels of a forwarded port: what it sends, and why it failed. Each begins with the port's number.
_DATA = 0
_ENDED = (OSError, WebSocketException, HarnessError)
TellBroken = Callable[[str, str], None]


class PortForward:
    """A port of 127.0.0.1 whose connections lead to a port of a pod, chosen for each; one dies with its pod.

    `tell` is told "broken" and the pod when a connection died on the pod's side or found none, and "open" when one
    leads to a pod again; it is called from the connections' threads.
    """

    def __init__(
        self, kube: Kube, namespace: str, pod: Callable[[], str], port: int, tell: TellBroken | None = None
    ) -> None:
        self._kube, self._namespace, self._pod, self._target = kube, namespace, pod, port
        self._tell, self._lock, self._is_broken = tell, threading.Lock(), False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> PortForward:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with self._lock:
            for each in (self._listener, *self._open):
                _wake(each)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _begin(self, what: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=what, args=arguments, name="port-forward", daemon=True)
        self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._begin(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        pod, by_client = "", False
        # Each of them ends this connection alone.
        with connection, self._kept(connection), suppress(*_ENDED):
            pod = self._pod()
            with self._kube.tunnel(pod, self._namespace, self._target) as tunnel:
                self._note(pod, broken=False)
                by_client = self._carry(connection, tunnel)
        if not by_client and not self._over.is_set():
            self._note(pod, broken=True)

    def _carry(self, connection: socket.socket, tunnel: Any) -> bool:
        """Carry bytes both ways until one side ends; True where it was the client's own wish."""
        left = threading.Event()
        up = threading.Thread(target=_up, args=(connection, tunnel, left), name="port-forward up", daemon=True)
        up.start()
        try:
            for frame in _frames(tunnel):
                if frame[0] != _DATA:
                    break  # the API server says what went wrong
                connection.sendall(frame[1:])
        except _ENDED:  # how is of no interest, only by whom
            return left.is_set()
        finally:
            _wake(connection)
            up.join()
        return left.is_set()

    @contextmanager
    def _kept(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)

    def _note(self, pod: str, *, broken: bool) -> None:
        with self._lock:
            if self._tell and broken is not self._is_broken:
                self._tell("broken" if broken else "open", pod)
            self._is_broken = broken


def _up(connection: socket.socket, tunnel: Any, left: threading.Event) -> None:
    """Carry what the client sends; `left` is set as it leaves."""
    with suppress(*_ENDED):  # the tunnel is over: the other direction tells
        while data := connection.recv(_CHUNK):
            tunnel.send_binary(bytes([_DATA]) + data)
        left.set()
    if tunnel.sock:
        _wake(tunnel.sock)


def _frames(tunnel: Any) -> Iterator[bytes]:
    """Yield what the API server sends, without the first frame of each channel."""
    begun: set[int] = set()
    while frame := tunnel.recv():
        if frame[0] in begun:
            yield frame
        begun.add(frame[0])


def _wake(one: socket.socket) -> None:
    """End whoever waits for a socket."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def forwarded(kube: Kube, namespace: str, pod: str, ports: dict[str, int]) -> Iterator[dict[str, int]]:
    """Yield this machine's port for each named port of a pod, for as long as the block lasts."""
    opened = {name: PortForward(kube, namespace, lambda: pod, port) for name, port in ports.items()}
    try:
        yield {name: one.__enter__().port for name, one in opened.items()}
    finally:
        for one in opened.values():
            one.__exit__()
