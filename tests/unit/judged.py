"""Limits that a healthy history keeps, and how to look at a judgement by figure."""

from __future__ import annotations

from collections.abc import Mapping

from harness.checks.answers import answers
from harness.checks.thresholds import DEFAULT
from harness.checks.windows import windows
from harness.history import History
from harness.slo import Limits
from harness.slo.clients import with_moments
from harness.slo.evidence import figures
from harness.slo.inputs import Inputs, inputs_of
from harness.verdict import Judgement

FIGURES = figures()
DATA = tuple(figure.name for figure in FIGURES if figure.decides)
LIMITS = Limits(
    calibrated=True,
    steady_p95_ms=50,
    steady_p99_ms=100,
    recovered_p95_ms=50,
    recovered_p99_ms=100,
    bad_s=8,
    availability=0.8,
    recover_s=12,
    write_recover_s=12,
    fresh_recover_s=12,
    stock_recover_s=12,
    fresh_p95_ms=50,
    stale_reads=3,
    wrong_s=3,
    lost_rows=0,
    resurrected_rows=0,
    stale_rows=0,
    phantom_rows=0,
    duplicate_rows=0,
    damaged_rows=0,
    flipped_rows=0,
    recall=0.95,
    recall_recovered=0.95,
)


def but(limits: Limits, **changes: float | None) -> Limits:
    """Change some limits; None lifts one."""
    amounts = {name: limit for name, limit in {**limits.amounts, **changes}.items() if limit is not None}
    return Limits(calibrated=limits.calibrated, **amounts)


def inputs(history: History, held: Mapping[str, float] | None = None, *, faulted: bool = True) -> Inputs:
    """What every kind of evidence judges a history by."""
    answered = answers(history, DEFAULT)
    return with_moments(inputs_of(history, answered, windows(history), held or {}, DEFAULT, faulted=faulted))


def values(judgement: Judgement) -> dict[str, float]:
    return {row.figure: row.value for row in judgement.slos}


def failed(judgement: Judgement) -> set[str]:
    return {row.figure for row in judgement.slos if row.passed is False}
