"""The harness's side of a proxy: starts it, tells it what to do, ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from types import TracebackType
from typing import Self

from harness.errors import ClusterError
from harness.selftest.lies import PassOn


class ProxyProcess:
    """A proxy in front of an address. A context manager; its process ends with it, and with this one."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.selftest.proxy", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def tell(self, *lies: PassOn) -> int:
        """Have it tell these lies from now on; return since when, on CLOCK_MONOTONIC in ns."""
        return self._say([_as_json(lie) for lie in lies])

    def shut(self) -> int:
        """Close its port and every connection; return when that was done."""
        return self._say({"lie": "close"})

    def open(self) -> int:
        """Listen on its port again; return when it did."""
        return self._say({"lie": "open"})

    def close(self) -> None:
        """End it."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _say(self, values: object) -> int:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
        self._process.stdin.write(json.dumps(values) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None  # noqa: S101 - as above
        line = self._process.stdout.readline().strip()
        if not line.isdecimal():
            raise ClusterError(
                "the proxy ended", where=self._target, mend="run harness selftest again, and read its log"
            )
        return int(line)


def _as_json(lie: PassOn) -> dict[str, object]:
    values = {name: value for name, value in asdict(lie).items() if not name.startswith("_")}
    return {"lie": type(lie).__name__.lower()} | values
