"""How each kind of client was served: a table, and the charts of the traffic."""

from __future__ import annotations

from collections.abc import Iterator

from harness.evidence.clients.charts import charts_of
from harness.report.axis import Axis
from harness.report.chart import Chart
from harness.report.section import Section
from harness.report.table import Table
from harness.report.text import count_text, figure_text
from harness.report.view import ScenarioView
from harness.verdict import Client

_NAMES = {
    "search": "Searches, by a tuned client on a schedule",
    "stock": "Searches, by an application with pymilvus as it comes",
    "write": "Inserts, upserts and deletes",
    "read": "Strong reads of what was written last",
}
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


class ClientsSection(Section):
    """Beside the figures, which are of all clients, each kind by itself."""

    def tables(self, view: ScenarioView) -> Iterator[Table]:
        """Yield a row for each kind of client that asked for something."""
        rows = tuple((_NAMES[one.name], *_cells(one)) for one in view.judgement.clients)
        if rows:
            yield Table("How each client was served", ("Client", *HEADS), rows, HOW_EXACT)

    def charts(self, view: ScenarioView, axis: Axis) -> Iterator[Chart]:
        """Yield latency, rate and errors."""
        yield from charts_of(view, axis)


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
