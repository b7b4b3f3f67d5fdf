"""Whether the cluster was in a steady state before anything was done to it.

Source: principlesofchaos.org, of which the steady state is the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.checks.answers import Stream
from harness.checks.latency import percentile_ns, to_ms
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Span
from harness.history import NS_PER_S, History, Result
from harness.kind import WRITES, Kind
from harness.slo.inputs import Inputs
from harness.verdict import Validity


def steady_state(at: Inputs, *, percentiles: tuple[int, ...]) -> Iterator[Validity]:
    """Yield what makes the baseline one, as clients see it; each not met makes the run INVALID.

    `percentiles` (per mille) are those that the steady state is gated by: each needs its number of operations.
    Source: docs/measuring.md, steady state.
    """
    steady, thresholds = at.windows.steady, at.thresholds
    if steady is None:
        yield Validity("Steady state", "none", "begun and ended before the fault", ok=False)
        return
    yield _long_enough(steady, thresholds)
    yield from _enough_operations(at.steady, thresholds, percentiles)
    yield _even(at.steady, steady, thresholds)
    yield _few_errors(at.steady, thresholds)
    yield from _others_failed(at.history, steady, thresholds)


def _long_enough(steady: Span, thresholds: Thresholds) -> Validity:
    lasted_s = (steady[1] - steady[0]) / NS_PER_S
    required = f">= {thresholds.steady_s:g} s"
    return Validity("Steady state lasted", f"{lasted_s:.1f} s", required, ok=lasted_s >= thresholds.steady_s)


def _enough_operations(inside: Stream, thresholds: Thresholds, percentiles: tuple[int, ...]) -> Iterator[Validity]:
    # Without a percentile to gate on, there must still be something to compare with.
    needed = max([1, *(thresholds.operations_for(p) for p in percentiles)])
    yield Validity("Searches in the steady state", f"{len(inside)}", f">= {needed}", ok=len(inside) >= needed)


def _even(inside: Stream, steady: Span, thresholds: Thresholds) -> Validity:
    """Compare the p50 of the halves: a cluster that still warms up, or already degrades, is no baseline."""
    middle = (steady[0] + steady[1]) // 2
    first, second = (
        to_ms(percentile_ns(half.latency_ns, 500))
        for half in (inside.between(steady[0], middle), inside.between(middle, steady[1]))
    )
    low, high = thresholds.steady_p50_ratio_min, thresholds.steady_p50_ratio_max
    finite = math.isfinite(first) and math.isfinite(second)
    alike = finite and (low * second <= first <= high * second or abs(first - second) <= thresholds.steady_p50_noise_ms)
    return Validity(
        "p50 of the steady state's halves",
        f"{first:.1f} ms and {second:.1f} ms",
        f"ratio {low:g} to {high:g}, or within {thresholds.steady_p50_noise_ms:g} ms",
        ok=alike,
    )


def _few_errors(inside: Stream, thresholds: Thresholds) -> Validity:
    return _share("Bad searches in the steady state", int((~inside.good).sum()), len(inside), thresholds)


def _share(what: str, bad: int, count: int, thresholds: Thresholds) -> Validity:
    share = bad / count if count else 1.0
    required = f"<= {thresholds.error_rate_max:.1%}"
    return Validity(what, f"{share:.2%} ({bad} of {count})", required, ok=share <= thresholds.error_rate_max)


def _others_failed(history: History, steady: Span, thresholds: Thresholds) -> Iterator[Validity]:
    """Yield what else failed too often: a cluster that takes no writes has no steady state, however it searches."""
    operations = history.operations
    inside = (operations.intended_ns >= steady[0]) & (operations.intended_ns < steady[1])
    for name, kinds in {"Writes": WRITES, "Strong reads": (Kind.READ,), "Searches by pymilvus": (Kind.STOCK,)}.items():
        asked = inside & np.isin(operations.kind, kinds)
        # What was not sent is the generator's doing; while traffic flows, what is under way is not on record as sent.
        failed = int((asked & (operations.sent_ns >= 0) & (operations.outcome != Result.OK)).sum())
        found = _share(f"{name} that failed in the steady state", failed, int(asked.sum()), thresholds)
        if failed and not found.ok:
            yield found
