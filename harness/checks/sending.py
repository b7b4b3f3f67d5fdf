"""Whether the load generator did what was planned: what was due is on record, and was sent, and in time.

Source: docs/measuring.md: a run counts only if.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from harness.checks.latency import percentile_ns, to_ms
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows
from harness.history import NS_PER_MS, NS_PER_S, History, Operations, Result
from harness.kind import Kind
from harness.verdict import Validity


def measured(operations: Operations, windows: Windows) -> Operations:
    """Keep what was to start from the steady state's begin to the observation's end, without the answers.

    Neither the warm-up nor what was still scheduled when the traffic was stopped is measured. The answers take
    most of the memory, and nothing here looks at them.
    """
    slim = replace(
        operations,
        hits=operations.hits[:, :0],
        distances=operations.distances[:, :0],
        error=np.broadcast_to(np.str_(""), len(operations)),
    )
    return slim.between(windows.begin_ns, windows.end_ns)


def send_lag(operations: Operations, deadline_ns: int, thresholds: Thresholds) -> Validity:
    """Check the p99 of sent - intended against a tenth of the client's deadline.

    The deadline, since bad seconds, availability and recovery rest on it. Latency is counted from the intended
    start, so a smaller lag makes Milvus look slower, never faster. It does so in the steady state too: what recovery
    is held to beside that is laxer by as much.
    """
    limit_ns = thresholds.send_lag_share_max * deadline_ns
    source = f"{thresholds.send_lag_share_max:.0%} of the deadline"
    return _lag_under(operations, limit_ns, "Load generator's send lag, p99", source)


def punctual(history: History, windows: Windows, thresholds: Thresholds) -> Validity:
    """Check that the generator was on time, for a run in which Milvus was not.

    Both share a machine: what holds up a generator that does next to nothing holds up Milvus as well. So a limit
    on latency that was broken while operations were sent late is no verdict on Milvus, and the run is INVALID.
    """
    limit_ns = thresholds.blameless_lag_ms * NS_PER_MS
    what = "Send lag beside a limit on latency that was broken, p99"
    return _lag_under(measured(history.operations, windows), limit_ns, what, "else the machine may be to blame")


def _lag_under(operations: Operations, limit_ns: float, what: str, source: str) -> Validity:
    was_sent = operations.sent_ns >= 0
    lag_ns = percentile_ns(operations.sent_ns[was_sent] - operations.intended_ns[was_sent], 990)
    return Validity(
        what,
        "nothing was sent" if lag_ns is None else f"{to_ms(lag_ns):.1f} ms",
        f"< {limit_ns / NS_PER_MS:g} ms ({source})",
        ok=lag_ns is not None and lag_ns < limit_ns,
    )


def scheduled(history: History, windows: Windows, thresholds: Thresholds, kinds: Iterable[Kind]) -> Iterator[Validity]:
    """Check that what the traffic promised is on record, kind by kind: a file cut short hides bad operations.

    From the steady state's begin to the observation's end; three standard deviations are allowed for a schedule
    drawn at random.
    """
    due = measured(history.operations, windows)
    span_s = (windows.end_ns - windows.begin_ns) / NS_PER_S
    for kind in kinds:
        rate = history.traffic.rate(kind)
        if rate > 0:
            expected = rate * span_s
            needed = max(1, int(thresholds.load_share_min * expected - 3 * expected**0.5))
            count = int((due.kind == kind).sum())
            what = f"Scheduled {kind.name.lower()} operations on record"
            yield Validity(what, f"{count}", f">= {needed} ({rate:g}/s for {span_s:.0f} s)", ok=count >= needed)


def sent(operations: Operations, thresholds: Thresholds) -> Validity:
    """Check that the load offered was reached."""
    never = int((operations.outcome == Result.NEVER_SENT).sum())
    share = 1 - never / len(operations) if len(operations) else 0.0
    required = f">= {thresholds.load_share_min:.0%}"
    told = f"{share:.2%} ({never} never sent)"
    return Validity("Scheduled operations that were sent", told, required, ok=share >= thresholds.load_share_min)
