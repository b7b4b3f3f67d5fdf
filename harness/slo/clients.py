"""The moments of a fault as one kind of client saw them, and how that client was served."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from harness.checks import recovery
from harness.checks.answers import Stream
from harness.checks.recovery import Ceiling
from harness.history import NS_PER_S
from harness.slo.inputs import Inputs
from harness.verdict import Client, Marks

Clients = Mapping[str, Client]
NOBODY = Client("", 0, *[math.nan] * 8)


def clients(at: Inputs, seen: Marks) -> Clients:
    """Return how each kind of client was served over the judged window, by name; who asked for nothing is left out.

    `seen` are the moments as searches saw them.
    """
    streams = {"search": at.searches, "stock": at.stock, "write": at.writes, "read": at.reads}
    asked = {name: stream for name, stream in streams.items() if len(stream.between(*at.windows.judged))}
    marks = {name: _marks(at, stream, Ceiling()) for name, stream in asked.items() if name != "search"}
    return {name: _client(name, stream, at, marks.get(name, seen)) for name, stream in asked.items()}


def with_moments(at: Inputs) -> Inputs:
    """Add the moments as searches saw them, and how each kind of client was served."""
    seen = search_marks(at)
    return replace(at, seen=seen, served=clients(at, seen))


def search_marks(at: Inputs) -> Marks:
    """Return the moments as searches saw them, which must come back to the steady state's latencies and recall."""
    return _marks(at, at.searches, search_ceiling(at))


def search_ceiling(at: Inputs) -> Ceiling | None:
    """Return what recovered searches must keep to; None without a steady state to come back to."""
    p95_cap_ms, p99_cap_ms = (at.held.get(f"recovered_{percentile}_ms") for percentile in ("p95", "p99"))
    return recovery.ceiling(at.steady, at.thresholds, p95_cap_ms=p95_cap_ms, p99_cap_ms=p99_cap_ms)


def _marks(at: Inputs, stream: Stream, limit: Ceiling | None) -> Marks:
    """Return the moments as the clients of a stream saw them.

    Others than searches come too seldom for percentiles to be compared: they are served again by their content and
    the deadline alone. Without a limit (no steady state to come back to) nothing is recovered.
    """
    w = at.windows
    if w.effect_ns is None:
        return Marks(None, w.healed_ns, None, None, None)
    detect_ns = recovery.first_bad_ns(stream, w.effect_ns, w.end_ns)
    first_ns = None if detect_ns is None else recovery.first_good_ns(stream, detect_ns, w.end_ns)
    recovered_ns = None
    if limit is not None and w.restored_ns is not None:
        recovered_ns = recovery.sustained_ns(stream, w.restored_ns, w.end_ns, limit, at.thresholds)
    return Marks(w.effect_ns, w.healed_ns, detect_ns, first_ns, recovered_ns)


def _client(name: str, stream: Stream, at: Inputs, seen: Marks) -> Client:
    begin_ns, end_ns = at.windows.judged
    share, n = recovery.availability(stream, begin_ns, end_ns)
    known = seen.effect_ns is not None and len(at.steady) > 0
    without = recovery.downtime(stream, begin_ns, end_ns, at.thresholds)
    return Client(
        name=name,
        n=n,
        every_s=(end_ns - begin_ns) / NS_PER_S / n,
        detect_s=_since(begin_ns, seen.detect_ns),
        first_success_s=_since(begin_ns, seen.first_success_ns),
        recover_s=recovery.seconds_since(begin_ns, seen.recovered_ns) if known else math.nan,
        availability=share,
        bad_s=without.bad_s,
        down_s=without.down_s,
        longest_outage_s=without.longest_outage_s,
    )


def _since(begin_ns: int, moment_ns: int | None) -> float:
    return math.nan if moment_ns is None else (moment_ns - begin_ns) / NS_PER_S
