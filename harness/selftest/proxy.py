"""A gRPC proxy in front of a Milvus, in a process of its own: python -m harness.selftest.proxy HOST:PORT

It listens on a free port of 127.0.0.1 and prints it. A list in JSON on standard input (harness.selftest.lies) is what
it does to calls from then on; it prints the monotonic time at which that began. {"lie": "close"} ends connections and
listens no more, {"lie": "open"} listens again on the same port. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from harness.selftest.lies import Call, Denied, PassOn, read_lies

_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.so_reuseport", 0),
)


class Proxy(grpc.GenericRpcHandler):  # type: ignore[misc] # gRPC ships no types
    """Forwards every call as bytes, through the lie in force."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.aio.insecure_channel(target, _OPTIONS)
        self._calls: dict[str, Any] = {}
        self.lie = PassOn()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return what answers a method: the same for all."""
        return grpc.unary_unary_rpc_method_handler(self._answering(details.method))

    def _answering(self, method: str) -> Callable[[bytes, grpc.aio.ServicerContext], Any]:
        call = self._calls.setdefault(method, self._channel.unary_unary(method))
        name = method.rpartition("/")[2]

        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            metadata = tuple((k, v) for k, v in context.invocation_metadata() or () if k in ("authorization", "dbname"))

            async def forward(forwarded: bytes) -> bytes:
                passed: bytes = await call(forwarded, timeout=context.time_remaining(), metadata=metadata)
                return passed

            try:
                return await self.lie.serve(Call(name, request, context.peer()), forward)
            except Denied:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "denied")
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")
            raise AssertionError("an aborted call goes no further")

        return answer


class Listener:
    """A port of 127.0.0.1 that can be closed and opened again."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy, self._server = proxy, None
        self.port = 0

    async def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((self._proxy,))
        self.port = server.add_insecure_port(f"127.0.0.1:{self.port}")
        await server.start()
        self._server = server

    async def close(self) -> None:
        """End every connection and listen no more."""
        if self._server:
            await self._server.stop(None)
            self._server = None


async def main(target: str) -> None:
    """Serve until standard input ends."""
    proxy = Proxy(target)
    listener = Listener(proxy)
    await listener.open()
    _tell(listener.port)
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := (await commands.readline()).decode().strip():
        if line in _PORT:
            await getattr(listener, _PORT[line])()
        else:
            proxy.lie = read_lies(line)
        _tell(time.monotonic_ns())
    await listener.close()


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


_PORT = {'{"lie": "close"}': "close", '{"lie": "open"}': "open"}

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
