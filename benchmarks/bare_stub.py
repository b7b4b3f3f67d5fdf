"""The least that a search can cost: serialized requests over one channel, answers left as bytes.

python -m benchmarks.bare_stub HOST:PORT REQUESTS RATE: REQUESTS is a file of serialized requests, each after its
length as four bytes. It sends RATE of them per second until its standard input ends.
"""

from __future__ import annotations

import sys
import threading
from itertools import count
from pathlib import Path
from time import monotonic

import grpc

_THREADS = 8
_SEARCH = "/milvus.proto.milvus.MilvusService/Search"


def read(path: Path) -> list[bytes]:
    """Return the requests of a file."""
    content, requests, at = path.read_bytes(), [], 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "little")
        requests.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return requests


def tell_end(over: threading.Event) -> None:
    """Say so once standard input ends."""
    sys.stdin.read()
    over.set()


def main(address: str, path: Path, rate: float) -> None:
    """Send until told to end, by threads that take turns: one alone may wait too long for its answers."""
    requests, over, turn, numbers = read(path), threading.Event(), threading.Lock(), count()
    threading.Thread(target=tell_end, args=(over,), daemon=True).start()
    with grpc.insecure_channel(address) as channel:
        call, begin_s = channel.unary_unary(_SEARCH), monotonic()

        def send() -> None:
            while True:
                with turn:
                    number = next(numbers)
                    if over.wait(max(0.0, begin_s + number / rate - monotonic())):
                        return
                call(requests[number % len(requests)], timeout=10)

        threads = [threading.Thread(target=send) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
