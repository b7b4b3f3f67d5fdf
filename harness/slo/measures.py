"""What several kinds of evidence measure alike: percentiles, ratios, recoveries, invalid answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from harness.checks.answers import Stream
from harness.checks.content import invalid
from harness.checks.latency import block_interval_ns, percentile_ns, ratio_interval, to_ms
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Span
from harness.history import NS_PER_S
from harness.kind import Kind
from harness.slo.clients import NOBODY
from harness.slo.figure import Measured
from harness.slo.inputs import Inputs


def percentile(stream: Stream, per_mille: int, thresholds: Thresholds) -> Measured:
    """Return a percentile in ms with its bootstrap interval."""
    interval = block_interval_ns(stream.intended_ns, stream.latency_ns, per_mille, **_bootstrap(thresholds))
    return Measured(
        to_ms(percentile_ns(stream.latency_ns, per_mille)),
        len(stream),
        (to_ms(interval[0]), to_ms(interval[1])) if interval else None,
        needed=thresholds.operations_for(per_mille),
    )


def ratio(after: Stream, before: Stream, per_mille: int, thresholds: Thresholds) -> Measured:
    """Return the ratio of a percentile after to before, with its bootstrap interval."""
    one, other = (to_ms(percentile_ns(stream.latency_ns, per_mille)) for stream in (after, before))
    known = math.isfinite(other) and other > 0
    series, reference = ((stream.intended_ns, stream.latency_ns) for stream in (after, before))
    return Measured(
        one / other if known else math.nan,
        min(len(after), len(before)),
        ratio_interval(series, reference, per_mille, **_bootstrap(thresholds)) if known else None,
        needed=thresholds.operations_for(per_mille),
    )


def _bootstrap(thresholds: Thresholds) -> Mapping[str, int]:
    block_ns = round(thresholds.block_s * NS_PER_S)
    return {"block_ns": block_ns, "resamples": thresholds.resamples, "seed": thresholds.bootstrap_seed}


def recovery(at: Inputs, client: str, figure: str, kinds: Iterable[Kind]) -> Measured:
    """Return until when a kind of client was served again for good, counted from the fault's effect."""
    served = at.served.get(client, NOBODY)
    applies = served.n > 0 or offered(at, kinds)
    return Measured(served.recover_s, served.n, observed=observed(at, figure), applies=applies)


def observed(at: Inputs, figure: str) -> bool:
    """Return whether the observation went on until a recovery at its limit could have shown itself to last."""
    limit_s = at.held.get(figure)
    begin_ns, end_ns = at.windows.judged
    return limit_s is None or end_ns - begin_ns >= round(limit_s * NS_PER_S) + at.thresholds.window_ns


def offered(at: Inputs, kinds: Iterable[Kind]) -> bool:
    """Return whether the traffic has any of these operations."""
    return any(at.traffic.rate(kind) > 0 for kind in kinds)


def invalid_answers(at: Inputs, *streams: Stream) -> Measured:
    """Return how many answers had invalid content, from the steady state on: none is ever right."""
    span = at.windows.begin_ns, at.windows.end_ns
    flaws = np.concatenate([stream.between(*span).flaws for stream in streams])
    return Measured(float(invalid(flaws).sum()) if len(flaws) else math.nan, len(flaws))


def answered(stream: Stream) -> int:
    """Return how many searches were answered, well or not."""
    return int((~np.isnan(stream.recall)).sum())


def last_window(at: Inputs) -> Span:
    """Return the last stretch in which recovery could have shown itself to last."""
    return at.windows.end_ns - at.thresholds.window_ns, at.windows.end_ns


def recovered(at: Inputs, stream: Stream) -> Stream:
    """Keep what came from recovery to the end; never recovered: the last window."""
    recovered_ns = at.seen.recovered_ns
    return stream.between(*(last_window(at) if recovered_ns is None else (recovered_ns, at.windows.end_ns)))
