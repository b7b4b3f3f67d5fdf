"""The rows of a panel's tables: figures beside their limits, and violations beside the operations that prove them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from harness.checks.shown import shown_ns
from harness.history import ABSENT, DAMAGED, NS_PER_MS, NS_PER_S, Operations, Result
from harness.kind import SEARCHES, Kind
from harness.report.axis import Axis
from harness.report.text import count_text, figure_text, interval_text, limit_text, offset_text
from harness.report.view import ScenarioView
from harness.slo.evidence import figures
from harness.store.logs import Around, LogLine
from harness.verdict import Finding, LimitKind, SloRow

_LIMIT_AT = 0.7  # where a bar's limit stands, as a share of its width
KINDS = {
    LimitKind.MILVUS: "of Milvus: the same on every machine",
    LimitKind.RELATIVE: "relative to what this run measured",
    LimitKind.SLO: "your own, absolute",
}
_SHOWN = 5  # operations named per finding


@dataclass(frozen=True)
class FigureRow:
    """A figure as text. `used` is how far the bar reaches (0 to 1), None where there is no limit to measure it by."""

    label: str
    limit: str
    kind: str
    basis: str
    value: str
    exact: str
    n: str
    interval: str
    state: str
    word: str
    used: float | None
    over: bool
    calibrated: bool


def figure_rows(rows: Iterable[SloRow]) -> list[FigureRow]:
    """Return the figures that have a limit, or would have one that could not be judged, in the order given."""
    return [_figure_row(row) for row in rows if _has_limit(row)]


def informing(rows: Iterable[SloRow]) -> list[tuple[str, str]]:
    """Return name and value of the figures that were measured and have no limit."""
    shown = (row for row in rows if not _has_limit(row) and not math.isnan(row.value))
    return [(row.label, figure_text(row.value, row.unit)) for row in shown]


def _has_limit(row: SloRow) -> bool:
    return row.limit is not None or bool(row.basis)


def _figure_row(row: SloRow) -> FigureRow:
    state = {True: "pass", False: "fail", None: "info"}[row.passed]
    word = {True: "pass", False: "fail", None: _unjudged(row)}[row.passed]
    used = budget_used(row)
    return FigureRow(
        label=row.label,
        limit=limit_text(row.relation, row.limit, row.unit),
        kind=KINDS[row.kind] if row.kind else "",
        basis=row.basis.replace(" x ", "\u00a0\u00d7 "),
        value=figure_text(row.value, row.unit, row.limit),
        exact=f"{row.value!r} {row.unit}".strip(),
        n=count_text(row.n),
        interval=interval_text(row.interval, row.unit),
        state=state,
        word=word,
        used=None if used is None else round(min(used * _LIMIT_AT, 1.0), 4),
        over=row.passed is False,
        calibrated=row.calibrated,
    )


def _unjudged(row: SloRow) -> str:
    if row.limit is None:
        return "not judged"
    return "not measured" if math.isnan(row.value) else "too few"


def budget_used(row: SloRow) -> float | None:
    """Return which part of what a limit allows was used: 1 is at the limit, more is over, inf without measure.

    For "at least" limits on shares the budget is what may be missing from 1; other "at least" limits have none.
    """
    if row.limit is None or math.isnan(row.value):
        return None
    if row.relation == ">=":
        spent, budget = 1.0 - row.value, 1.0 - row.limit
        if not 0.0 <= row.limit <= 1.0 or not 0.0 <= row.value <= 1.0:
            return None
    else:
        spent, budget = row.value, row.limit
    if spent <= 0:
        return 0.0
    return spent / budget if budget > 0 else math.inf


@dataclass(frozen=True)
class Witness:
    """An operation that proves a violation, step by step."""

    op_id: int
    what: str
    t_s: float | None
    when: str
    latency: str
    outcome: str


@dataclass(frozen=True)
class FindingRow:
    """A violation as text; `cut` says how many operations are not shown, `warned` what `lines` of logs there are.

    `when` is its time on the charts' axis.
    """

    check: str
    message: str
    when: str
    expected: str
    keys: str
    cut: str
    witnesses: tuple[Witness, ...]
    warned: str
    lines: tuple[LogLine, ...]


def finding_rows(view: ScenarioView, axis: Axis | None) -> list[FindingRow]:
    """Return the violations with the first operations that prove each."""
    limits = {row.figure: _asked(row) for row in view.judgement.slos}
    expected = {figure.witness: figure.expected for figure in figures() if figure.expected}
    return [_finding_row(f, view, axis, {**limits, **expected}.get(f.check, "")) for f in view.judgement.findings]


def _asked(row: SloRow) -> str:
    return f"{row.label} {limit_text(row.relation, row.limit, row.unit)}"


def _finding_row(finding: Finding, view: ScenarioView, axis: Axis | None, expected: str) -> FindingRow:
    operations, around = view.history.operations, view.around.get(finding.check)
    shown = tuple(_witnesses(finding.op_ids[:_SHOWN], operations, axis))
    keys = ", ".join(str(key) for key in finding.keys[:_SHOWN])
    keys += f", \u2026 ({len(finding.keys)} named)" if len(finding.keys) > _SHOWN else ""
    cut = f"the first {len(shown)} of {count_text(finding.count)}" if 0 < len(shown) < finding.count else ""
    lines = around.lines if around else ()
    when = _when(finding, operations, axis)
    return FindingRow(finding.check, finding.message, when, expected, keys, cut, shown, _warned(around), lines)


def _when(finding: Finding, operations: Operations, axis: Axis | None) -> str:
    t_ns = shown_ns(finding, operations)
    if axis is None or t_ns is None:
        return ""
    what = f"key {finding.keys[0]} was last written at" if finding.keys and finding.t_ns is None else "at"
    return f"{what} {offset_text(axis.at(t_ns))}"


def _warned(around: Around | None) -> str:
    """Say what members' logs hold of that moment."""
    if around is None:
        return ""
    begin, end = (datetime.fromtimestamp(t_ns // NS_PER_S, UTC) for t_ns in (around.begin_ns, around.end_ns))
    span = f"from {begin:%H:%M:%S} to {end:%H:%M:%S} UTC"
    if not around.count:
        return f"No member logged a warning {span}."
    shown = f", the first {len(around.lines)}" if len(around.lines) < around.count else ""
    if around.count == 1:
        return f"One warning was logged {span}:"
    return f"Members logged {count_text(around.count)} warnings and errors {span}{shown}:"


def _witnesses(op_ids: tuple[int, ...], operations: Operations, axis: Axis | None) -> Iterator[Witness]:
    for op_id in op_ids:
        for row in np.flatnonzero(operations.op_id == op_id)[:1].tolist():
            yield _witness(op_id, row, operations, axis)


def _witness(op_id: int, row: int, operations: Operations, axis: Axis | None) -> Witness:
    kind, outcome = Kind(int(operations.kind[row])), Result(int(operations.outcome[row]))
    subject = f"query {operations.query[row]}" if kind in SEARCHES else _keys_of(operations, row)
    intended, done = int(operations.intended_ns[row]), int(operations.done_ns[row])
    error = str(operations.error[row])
    return Witness(
        op_id=op_id,
        what=f"{kind.name.lower()} {subject}",
        t_s=round(axis.at(intended), 3) if axis else None,
        when=offset_text(axis.at(intended)) if axis else "",
        latency=figure_text((done - intended) / NS_PER_MS, "ms") if done >= 0 else "\u2013",
        outcome=outcome.name.lower().replace("_", " ") + (f": {error}" if error else ""),
    )


def _keys_of(operations: Operations, row: int) -> str:
    first, count = int(operations.key[row]), int(operations.key_count[row])
    keys = f"key {first}" if count == 1 else f"keys {first} to {first + count - 1}"
    version = int(operations.version[row])
    told = {ABSENT: "", DAMAGED: ", damaged"}.get(version, f", version {version}")
    return keys + told
