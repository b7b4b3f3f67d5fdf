"""What the definitions of the figures leave to choose: one frozen value, each default with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from harness.errors import BadInput
from harness.history import NS_PER_S


@dataclass(frozen=True)
class Thresholds:
    """How figures are measured, as opposed to the limits they are held to (harness.slo).

    Sources: [M] the definitions in docs/measuring.md; [S] Milvus's own setting; [N] chosen here, against noise,
    for the reason beside it.
    """

    window_s: float = 30.0  # [M] how long recovery must last
    error_rate_max: float = 0.01  # [N] "errors within the SLO", in the steady state and in recovery
    bin_s: float = 1.0  # [M]
    bin_bad_share_max: float = 0.05  # [M] a bin over it is over budget
    bin_bad_min: int = 2  # [N] at 10/s a single bad operation is 10% of a bin: one alone is no outage
    down_share: float = 0.5  # [M] a bin with more bad than this is downtime
    p95_ratio_max: float = 1.5  # [M] of the same run's steady state
    p99_ratio_max: float = 2.0  # [M]
    # A cluster that has become slower shows it in the median, recovered_p50_ratio: a tail is the machine's as much.
    p95_noise_ms: float = 60.0  # [N] held to one core, a healthy cluster's rose by 36 ms, and its median hardly
    p99_noise_ms: float = 200.0  # [N] there by 119 ms: the kernel stops what has used its share for up to 100 ms
    recall_drop_max: float = 0.01  # [M]
    recall_tolerance: float = 1e-4  # [M] relative, on the exact k-th distance
    wrong_recall_drop: float = 0.1  # [N] one hit of ten below the index's own approximation is still its variation
    staleness_s: float = 5.0  # [S] common.gracefulTime: how far Bounded consistency may lag
    steady_s: float = 30.0  # [M]
    steady_p50_ratio_min: float = 0.8  # [M]
    steady_p50_ratio_max: float = 1.25  # [M]
    steady_p50_noise_ms: float = 10.0  # [N] what a shared host does to a median of 10 ms; limits are ten times that
    tail_operations_min: int = 10  # [M] a p99 needs 1,000 operations, so 10 beyond any percentile
    send_lag_share_max: float = 0.1  # [M] of the deadline: see harness.checks.sending
    blameless_lag_ms: float = 25.0  # [N] calm runs on 2 cores had 4 to 11 ms, disturbed ones 18 to 340 ms
    machine_window: int = 10  # [N] seconds: long enough to be more than some program's start
    others_cores_max: float = 0.15  # [N] calm runs on 2 cores had 0.11 at most
    stopped_share_max: float = 0.5  # [N] at 1.0 core 0.12 to 0.24 of the periods, and all went well
    busy_share_max: float = 0.95  # [N] of all cores; on two of them the gate's traffic takes 0.45 to 0.49
    yardstick_ratio_max: float = 3.0  # [N] readings of 0.4 to 0.8 ms were seen on one machine in a minute
    load_share_min: float = 0.99  # [N] of what was scheduled
    acked_writes_min: int = 100  # [N] three lost in a hundred would be seen with 95%, were they lost at random
    answers_min: int = 100  # [N] of a mean recall, and of reads of which none was stale: the same
    readback_gap_s: float = 10.0  # [M]
    block_s: float = 2.0  # [M] of the bootstrap: latencies are autocorrelated
    resamples: int = 400  # [N] ten lie outside either end of a 95% interval
    bootstrap_seed: int = 0  # [M] fixed, so that a re-check is bit for bit

    @property
    def bin_ns(self) -> int:
        """The width of a bin in nanoseconds."""
        return round(self.bin_s * NS_PER_S)

    @property
    def window_ns(self) -> int:
        """How long recovery must last, in nanoseconds."""
        return round(self.window_s * NS_PER_S)

    @property
    def staleness_ns(self) -> int:
        """How far a search may lag behind writes, in nanoseconds."""
        return round(self.staleness_s * NS_PER_S)

    def operations_for(self, per_mille: int) -> int:
        """Return how many operations a percentile needs: 200 for p95, 1,000 for p99."""
        return -(-self.tail_operations_min * 1000 // (1000 - per_mille))


DEFAULT = Thresholds()
# What runs were judged by that an older harness recorded (harness.store.record.OLDEST).
BEFORE = Thresholds(p95_noise_ms=25.0, p99_noise_ms=100.0)


def thresholds_of(changes: Mapping[str, float], *, where: str, base: Thresholds = DEFAULT) -> Thresholds:
    """Return `base` with some of its values changed. Raises BadInput for one that does not exist or fit."""
    known = {field.name: type(getattr(DEFAULT, field.name)) for field in fields(Thresholds)}
    for name, value in changes.items():
        if name not in known:
            raise BadInput(f"there is no threshold {name!r}", where=where, mend=f"take one of {', '.join(known)}")
        if not value >= 0 or value != known[name](value):
            raise BadInput(
                f"{name} is {value}", where=where, mend=f"give a number of at least 0 ({known[name].__name__})"
            )
    return replace(base, **{name: known[name](value) for name, value in changes.items()})
