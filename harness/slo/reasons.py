"""Why a scenario isn't PASS, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.slo.evidence import figures
from harness.slo.figure import Over
from harness.verdict import Finding, SloRow, Validity, Verdict


def reasons(rows: tuple[SloRow, ...], checks: tuple[Validity, ...], violations: tuple[Finding, ...]) -> Iterator[str]:
    """Say why it isn't PASS, in the order that decides; what only follows from another reason is left out."""
    checked = {finding.check for finding in violations}
    told = {figure.name for figure in figures() if figure.witness in checked}
    yield from (f"{finding.check}: {finding.message}" for finding in violations)
    yield from (_unmet(c) for c in checks if not c.ok and c.otherwise == Verdict.INVALID)
    told |= following(rows)
    yield from (_missed(row) for row in rows if row.passed is False and row.figure not in told)
    yield from (_unmet(c) for c in checks if not c.ok and c.otherwise != Verdict.INVALID)


def following(rows: tuple[SloRow, ...]) -> set[str]:
    """Return the figures of what comes after recovery where that never came, and is told of itself."""
    if not any(row.figure == "recover_s" and row.passed is False and math.isinf(row.value) for row in rows):
        return set()
    after = {figure.name for figure in figures() if figure.over is Over.RECOVERED}
    return {row.figure for row in rows if row.figure in after and row.n == 0}


def _unmet(check: Validity) -> str:
    return f"{check.what}: {check.measured}, required {check.required}"


def _missed(row: SloRow) -> str:
    limit = _told(row.limit or 0.0, row.unit) + (f" ({row.basis})" if row.basis else "")
    if math.isinf(row.value):
        return f"{row.figure} was never reached (limit {limit})"
    side = "over" if row.relation == "<=" else "under"
    return f"{row.figure} {_told(row.value, row.unit)} is {side} the limit of {limit}"


def _told(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".rstrip()
