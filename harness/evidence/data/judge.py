"""How many rows are lost, changed or made up, and what such a violation must rest on.

Source: docs/measuring.md: data; a run counts only if.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.checks.keys import distinct, written
from harness.checks.sending import scheduled
from harness.checks.thresholds import Thresholds
from harness.checks.versions import versions_of
from harness.evidence.data import rows
from harness.history import NS_PER_S, History, Operations, Result
from harness.kind import WRITES, Kind
from harness.slo.evidence import Judge, Part, not_applicable
from harness.slo.figure import Column, Figure, Group, Limited, Measured
from harness.slo.inputs import Inputs
from harness.verdict import Validity, Verdict


def _figure(check: str, label: str, definition: str, expected: str, column: Column | None = None) -> Figure:
    return Figure(
        f"{check}_rows",
        label,
        "rows",
        Group.DATA,
        definition,
        limited=Limited.ZERO,
        decides=True,
        check=check,
        expected=expected,
        column=column,
    )


FIGURES = (
    _figure(
        "lost",
        "Acknowledged rows lost",
        "rows acknowledged, not deleted, absent in both Strong reads 10 s apart",
        "every row whose insert was acknowledged, and no delete of it sent, is read back",
        Column("Lost rows", "acknowledged rows that were not there afterwards", 60),
    ),
    _figure(
        "resurrected",
        "Deleted rows back again",
        "rows whose delete was acknowledged, and that are there",
        "no row whose delete was acknowledged is read back",
    ),
    _figure(
        "stale",
        "Rows older than their last write",
        "rows at a version that had ended before a later one, acknowledged, was sent",
        "every row is read back at the version of its last acknowledged write, or a later one",
    ),
    _figure(
        "phantom",
        "Rows that nobody wrote",
        "rows, or versions of them, that nobody wrote",
        "only rows and versions are read back that a client wrote",
    ),
    _figure(
        "duplicate",
        "Rows counted but not distinct",
        "count(*) beyond distinct keys",
        "every key is read and counted once",
    ),
    _figure(
        "damaged",
        "Rows whose fields do not belong together",
        "rows whose key, version and vector do not fit the checksum that was written with them",
        "a row's checksum is that of its key, its version and its vector",
    ),
    _figure(
        "flipped",
        "Rows in one of two reads only",
        "rows in one read and not in the other, or at different versions",
        "two reads of everything, with nothing written in between, agree",
    ),
)


class Data(Judge):
    """The ledger of what clients were promised, against two Strong reads of everything."""

    figures = FIGURES

    def measure(self, at: Inputs) -> Part:
        """Return how many rows are lost, resurrected and so on, and the findings that name them."""
        if not at.history.has_collection:
            return not_applicable(self)
        reads = rows.read_pair(at.history)
        if reads is None:
            return Part()
        operations, loaded = at.history.operations, at.history.truth.rows
        ledger, versions = rows.ledger_of(operations, loaded), versions_of(written(operations))
        found = rows.violations(ledger, versions, loaded, *reads)
        read = len(distinct(reads[0].keys))
        figures = {
            "lost_rows": Measured(float(len(found.lost)), len(ledger.present)),
            "resurrected_rows": Measured(
                float(len(found.resurrected)),
                len(ledger.absent),
                # None came back of none deleted: no evidence, so nothing that could pass.
                needed=1,
                applies=at.traffic.rate(Kind.DELETE) > 0,
            ),
            "stale_rows": Measured(float(len(found.stale)), len(versions)),
            "phantom_rows": Measured(float(len(found.phantom)), read),
            "duplicate_rows": Measured(float(found.duplicate_rows), read),
            "damaged_rows": Measured(float(len(found.damaged)), read),
            "flipped_rows": Measured(float(len(found.flipped)), read),
        }
        return Part(figures, rows.findings(found, operations, reads))

    def conditions(self, at: Inputs) -> Iterator[Validity]:
        """Yield, where rows are held to limits, whether there was something to lose, and all of it was read twice."""
        if not at.history.has_collection or not any(figure.name in at.held for figure in self.figures):
            return
        if not at.traffic.is_none:
            yield from acked_writes(at.history.operations, at.traffic.rate(Kind.DELETE), at.thresholds)
        yield from self.confirmation(at)

    def confirmation(self, at: Inputs) -> Iterator[Validity]:
        """Yield what makes a violation Milvus's and not the harness's.

        Every write is on record (one left out would turn up as a phantom, or its row as lost), and two reads, with no
        write under way, agree.
        """
        yield from scheduled(at.history, at.windows, at.thresholds, WRITES)
        yield read_twice(at.history, at.thresholds)
        yield quiet_reads(at.history)


def acked_writes(operations: Operations, delete_rate: float, thresholds: Thresholds) -> Iterator[Validity]:
    """Check that there is something to lose: none lost of nothing acknowledged is no evidence."""
    ok = operations.outcome == Result.OK
    writes = int((ok & np.isin(operations.kind, WRITES)).sum())
    needed = thresholds.acked_writes_min
    yield Validity("Acknowledged writes", f"{writes}", f">= {needed}", ok=writes >= needed)
    if delete_rate > 0:
        deletes = int((ok & (operations.kind == Kind.DELETE)).sum())
        yield Validity("Acknowledged deletes", f"{deletes}", ">= 1", deletes >= 1, Verdict.INCONCLUSIVE)


def read_twice(history: History, thresholds: Thresholds) -> Validity:
    """Check that everything was read twice, far enough apart to tell a lost row from a late one."""
    times = [r.t_ns for r in history.readbacks]
    gap_s = (times[-1] - times[0]) / NS_PER_S if times else 0.0
    return Validity(
        "Strong reads of everything",
        f"{len(times)}" + (f", {gap_s:.1f} s apart" if len(times) > 1 else ""),
        f"2, {thresholds.readback_gap_s:g} s apart",
        ok=len(times) >= 2 and gap_s >= thresholds.readback_gap_s,
    )


def quiet_reads(history: History) -> Validity:
    """Check that every write had come to an end when the reads began."""
    operations = history.operations
    latest = np.maximum(operations.done_ns, operations.sent_ns)[np.isin(operations.kind, WRITES)]
    read_ns = min((r.t_ns for r in history.readbacks), default=None)
    late = 0 if read_ns is None else int((latest > read_ns).sum())
    return Validity("Writes still under way at the first read", f"{late}", "0", ok=late == 0)
