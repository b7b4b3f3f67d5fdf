"""What members warned of at a moment, by the times in the logs that were kept of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.history import NS_PER_S

_SHOWN = 5
_CHARS = 300
# zap's text and JSON encoders, as Milvus and etcd use them; Kafka's.
_LEVEL = re.compile(rb'\[(WARN|ERROR|FATAL|PANIC)\]|"level":"(warn|error|fatal|panic)"|\b(WARN|ERROR|FATAL)\b')
_TIME = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)[.,](\d{3})\d*\s?(Z|[+-]\d\d:?\d\d)?")
_SECRET = re.compile(r"(?i)((?:secret|passw|token|credential)[\w.-]*[\"']?\s*[=:]\s*)[^\s,\]}]+")


@dataclass(frozen=True)
class LogLine:
    """A line of a member's log that warns, or worse; `t_ns` is since the epoch, by the member's own clock."""

    t_ns: int
    member: str
    text: str


@dataclass(frozen=True)
class Around:
    """What members warned of from `begin_ns` to `end_ns`, since the epoch: the first lines, and how many in all."""

    begin_ns: int
    end_ns: int
    lines: tuple[LogLine, ...]
    count: int


def warned(folder: Path, spans: Sequence[tuple[int, int]]) -> tuple[Around, ...]:
    """Return for each span, in ns since the epoch, what the logs in a folder warn of. Each log is read once."""
    lines = sorted(_warnings(folder), key=lambda line: (line.t_ns, line.member)) if spans else []
    return tuple(_around(begin_ns, end_ns, lines) for begin_ns, end_ns in spans)


def _around(begin_ns: int, end_ns: int, lines: Sequence[LogLine]) -> Around:
    within = [line for line in lines if begin_ns <= line.t_ns < end_ns]
    return Around(begin_ns, end_ns, tuple(within[:_SHOWN]), len(within))


def _warnings(folder: Path) -> Iterator[LogLine]:
    for path in sorted(folder.glob("*.log")):
        with path.open("rb") as file:
            for line in file:
                if _LEVEL.search(line[:200]):
                    yield from _line(path.stem, line.decode(errors="replace").strip())


def _line(member: str, text: str) -> Iterator[LogLine]:
    """Yield a line that carries a time; one without a zone is in UTC, as in containers."""
    if found := _TIME.search(text[:200]):
        year, month, day, clock, ms, zone = found.groups()
        with suppress(ValueError):  # what has a time's form need not be one
            at = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}.{ms}{zone or 'Z'}")
            t_ns = round(at.timestamp() * 1000) * (NS_PER_S // 1000)
            yield LogLine(t_ns, member, _SECRET.sub("\\1\u2026", text)[:_CHARS])
