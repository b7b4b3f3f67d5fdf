"""Limits that a healthy history keeps, and how to look at a judgement by figure."""

from __future__ import annotations

from harness.slo import Limits
from harness.verdict import Judgement

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


def values(judgement: Judgement) -> dict[str, float]:
    return {row.figure: row.value for row in judgement.slos}


def failed(judgement: Judgement) -> set[str]:
    return {row.figure for row in judgement.slos if row.passed is False}
