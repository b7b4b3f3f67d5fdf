"""Whether the run was measured soundly: the generator, the load, the fault, the reads. Each unmet says nothing.

Source: docs/measuring.md: a run counts only if.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from harness.checks.latency import percentile_ns, to_ms
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Windows, unmatched
from harness.history import NS_PER_MS, NS_PER_S, EventKind, History, Operations, Result
from harness.kind import SEARCHES, WRITES, Kind
from harness.verdict import Validity, Verdict


def validity(
    history: History, windows: Windows, thresholds: Thresholds, *, expects_fault: bool, gates_data: bool
) -> tuple[Validity, ...]:
    """Return everything that the figures' meaning rests on, apart from the steady state.

    `gates_data`: rows are held to limits, so writes must have been acknowledged and everything read back twice.
    """
    operations = history.operations
    measured = _measured(operations, windows)
    rows = [
        Validity("Run complete", "yes" if history.complete else "no", "yes", ok=history.complete),
        send_lag(measured, history.traffic.deadline_ns, thresholds),
        sent(measured, thresholds),
        *scheduled(history, windows, thresholds, (*SEARCHES, Kind.READ)),
    ]
    if expects_fault:
        rows.append(effect_observed(history))
    if gates_data:
        rows += acked_writes(operations, history.traffic.rate(Kind.DELETE), thresholds)
    return (*rows, *(ledger_sound(history, windows, thresholds) if gates_data else ()))


def ledger_sound(history: History, windows: Windows, thresholds: Thresholds) -> tuple[Validity, ...]:
    """Return what a data violation must rest on to be Milvus's and not the harness's.

    Every write is on record (one left out would turn up as a phantom, or its row as lost), and two reads, with no
    write under way, agree.
    """
    return (
        *scheduled(history, windows, thresholds, WRITES),
        read_twice(history, thresholds),
        quiet_reads(history),
    )


def _measured(operations: Operations, windows: Windows) -> Operations:
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
    return _lag_under(_measured(history.operations, windows), limit_ns, what, "else the machine may be to blame")


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
    measured = _measured(history.operations, windows)
    span_s = (windows.end_ns - windows.begin_ns) / NS_PER_S
    for kind in kinds:
        rate = history.traffic.rate(kind)
        if rate > 0:
            expected = rate * span_s
            needed = max(1, int(thresholds.load_share_min * expected - 3 * expected**0.5))
            count = int((measured.kind == kind).sum())
            what = f"Scheduled {kind.name.lower()} operations on record"
            yield Validity(what, f"{count}", f">= {needed} ({rate:g}/s for {span_s:.0f} s)", ok=count >= needed)


def sent(operations: Operations, thresholds: Thresholds) -> Validity:
    """Check that the load offered was reached."""
    never = int((operations.outcome == Result.NEVER_SENT).sum())
    share = 1 - never / len(operations) if len(operations) else 0.0
    required = f">= {thresholds.load_share_min:.0%}"
    measured = f"{share:.2%} ({never} never sent)"
    return Validity("Scheduled operations that were sent", measured, required, ok=share >= thresholds.load_share_min)


def effect_observed(history: History) -> Validity:
    """Check that every fault injected was seen to take effect, and that there was one at all."""
    injected = len(list(history.of(EventKind.FAULT, what="inject")))
    unseen = unmatched(history, "inject", by="effect")
    measured = f"not seen: {', '.join(unseen)}" if unseen else f"seen for {injected} of {injected} injected"
    return Validity("Effect of every fault", measured, "seen for each, at least 1", ok=injected > 0 and not unseen)


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
