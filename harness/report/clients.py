"""How each kind of client was served, as rows of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.report.text import count_text, figure_text
from harness.verdict import Client

_NAMES = {
    "search": "Searches, by a tuned client on a schedule",
    "stock": "Searches, by an application with pymilvus as it comes",
    "write": "Inserts, upserts and deletes",
    "read": "Strong reads of what was written last",
}
# Figures that the table has too.
SHOWN = (
    *("availability", "bad_s", "down_s", "longest_outage_s", "write_availability", "write_bad_s"),
    *("detect_s", "first_success_s", "recover_s", "write_recover_s", "fresh_recover_s", "stock_recover_s"),
)
HEADS = (
    *("Due", "One every", "First bad after", "Good again after", "Recovered after"),
    *("Answered well", "Seconds bad", "down", "Longest outage"),
)
# By order statistics: n runs, each hit at a random phase, make it 1 - 0.9^n sure that nine in ten take no longer.
_SURE = 1 - 0.9
HOW_EXACT = (
    "Times from the fault's effect, to within one operation, and what a channel takes to find a port open again; "
    f"without a fault, all along. One run makes it {_SURE:.0%} sure that nine in ten recover as fast."
)


@dataclass(frozen=True)
class ClientRow:
    """A kind of client and its cells, in the order of HEADS."""

    name: str
    cells: tuple[str, ...]


def client_rows(clients: Iterable[Client]) -> list[ClientRow]:
    """Return a row for each kind of client that asked for something."""
    return [ClientRow(_NAMES[one.name], _cells(one)) for one in clients]


def _cells(one: Client) -> tuple[str, ...]:
    times = (one.detect_s, one.first_success_s, one.recover_s)
    seconds = (one.bad_s, one.down_s, one.longest_outage_s)
    return (
        count_text(one.n),
        figure_text(one.every_s * 1000, "ms"),
        *(figure_text(value, "s") for value in times),
        figure_text(one.availability * 100, "%", 100.0),
        *(figure_text(value, "s") for value in seconds),
    )
