"""Whether every figure with a limit was measured, on enough, and for long enough."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows
from harness.history import NS_PER_S
from harness.slo.evidence import figures
from harness.slo.inputs import Inputs
from harness.verdict import SloRow, Validity, Verdict


def sufficient(rows: Iterable[SloRow], at: Inputs, *, older: bool) -> Iterator[Validity]:
    """Yield what the figures with a limit rest on; of an `older` run a limit that can't be worked out is lifted."""
    endless = {figure.name for figure in figures() if figure.endless}
    gated = [row for row in rows if row.limit is not None]
    missing = ", ".join(row.figure for row in gated if math.isnan(row.value))
    measured = f"not measured: {missing}" if missing else "all measured"
    yield Validity("Figures with a limit", measured, "all measured", ok=not missing)
    yield from () if older else _bases_known(rows)
    undecided = [row for row in gated if row.passed is None and not math.isnan(row.value)]
    # What comes after recovery follows from it.
    for row in (row for row in undecided if math.isfinite(row.value) or row.figure in endless):
        measured, required = _too_little(row, at.windows, at.thresholds)
        yield Validity(f"Evidence for {row.figure}", measured, required, False, Verdict.INCONCLUSIVE)
    healed_ns, window_s = at.windows.healed_ns, at.thresholds.window_s
    if healed_ns is not None and at.windows.effect_ns is not None and not at.traffic.is_none:
        observed_s = (at.windows.end_ns - healed_ns) / NS_PER_S
        yield Validity(
            "Observed after the healing", f"{observed_s:.1f} s", f">= {window_s:g} s", observed_s >= window_s
        )


def _bases_known(rows: Iterable[SloRow]) -> Iterator[Validity]:
    """Yield that a limit could not be worked out: too little is known to say that it holds."""
    for row in (row for row in rows if row.limit is None and row.basis):
        required = "its bases known; else give a number with --harness-slo"
        yield Validity(f"Limit on {row.figure}", row.basis, required, False, Verdict.INCONCLUSIVE)


def _too_little(row: SloRow, at: Windows, thresholds: Thresholds) -> tuple[str, str]:
    if math.isfinite(row.value):
        return f"n = {row.n}", f">= {row.needed}"
    begin_ns, end_ns = at.judged
    lasting_s = thresholds.window_s
    required = f">= {(row.limit or 0.0) + lasting_s:g} s (its limit, and {lasting_s:g} s in which it must last)"
    return f"infinite, observed for {(end_ns - begin_ns) / NS_PER_S:.0f} s after the effect", required
