"""What a gate is for, under the limits that are shipped: a fault has made Milvus worse."""

from __future__ import annotations

from harness.actions.kill import Kill
from harness.cluster import Role
from harness.plan.scenario import Scenario
from harness.selftest import planting as p
from harness.selftest.lies import Deny, Shallow
from harness.selftest.matrix import SERVICE, SLOW
from harness.selftest.row import Row

_GATE = Scenario("query-node-killed", "A query node is killed", faults=(Kill(Role.QUERY_NODE),))
# Three times the worst of nine healthy runs (docs/calibration.md).
_LATE_S = 28.0
SHIPPED = (
    Row(
        "slow",
        "searches take twice as long after the fault",
        "delay by the baseline's median",
        must={"recovered_p50_ratio"},
        may=SLOW,
        plants={"observe": p.delay_by_the_baselines(500)},
        scenario=_GATE,
        limits=None,
    ),
    Row(
        "late",
        "recovery takes three times as long as the worst healthy one",
        "proxy UNAVAILABLE",
        must={"recover_s", "bad_s"},
        may=SERVICE | {"recovered_p50_ratio"},
        plants={"observe": p.together(p.lie(Deny(methods=("Search",))), p.after(_LATE_S, p.lie()))},
        scenario=_GATE,
        limits=None,
    ),
    Row(
        "recall",
        "recall falls from 0.96 to 0.90 after the fault",
        "proxy lowers nprobe",
        must={"recover_s"},
        may=SERVICE | {"recovered_p50_ratio"},
        plants={"observe": p.lie(Shallow(nprobe=6))},
        scenario=_GATE,
        limits=None,
    ),
)
