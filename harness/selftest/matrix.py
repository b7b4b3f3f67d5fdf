"""The detection matrix: each violation with the check that must fire, and what may fire as its plain consequence."""

from __future__ import annotations

from collections.abc import Mapping

from harness.cluster import Role
from harness.platforms.local.platform import LocalPlatform
from harness.selftest import planting as p
from harness.selftest.backdoor import Backdoor
from harness.selftest.lies import Delay, Deny, DenySome, HoldBack, PassOn, Replay, Shallow, Swallow, Swap, Truncate
from harness.selftest.row import NOTHING, Row, data, strict
from harness.selftest.scenarios import (
    AIMED_AT_NOTHING,
    BEFORE,
    KILLED,
    RESTARTED,
    ROWS,
    SCALED,
    SEVERAL,
    SILENT,
    UNHURRIED,
    UPGRADED,
)
from harness.slo.evidence import kinds

DATA, STRICT = data(), strict()
RECALL = frozenset({"recall_recovered", "wrong_s"})
SLOW = frozenset({"recovered_p95_ratio", "recovered_p99_ratio", "recovered_p99_ms", "recover_s"})
PARTIAL = frozenset({"bad_s", "availability", "recover_s", "write_recover_s", "fresh_recover_s"})
OUTAGE = PARTIAL | {"down_s"}
SERVICE = OUTAGE | SLOW | RECALL
CONTENT = frozenset({"invalid_answers"})
_SENT_LATE = {"Limits that only late sending broke", "Send lag beside a limit on latency that was broken, p99"}
_NEVER = 10**9
_OF_CLIENTS = ("Search", "Insert", "Upsert", "Delete")


# And where latency is what it is about. Elsewhere some milliseconds of the machine's would be taken for a violation.
TIGHT: Mapping[str, float] = {**STRICT, "recovered_p95_ratio": 1.5}
# What Milvus 2.3 does by itself: docs/findings.md.
_OF_MILVUS = {"stale_reads", "invalid_reads"}
# With a fault its own cost is allowed; what must fire is what never ends or comes again. Reads meet upserts that the
# fault delays, and are stale by Milvus's own doing: docs/findings.md.
BROKEN: Mapping[str, float] = {
    **{name: value for name, value in STRICT.items() if name not in SERVICE | _OF_MILVUS},
    "recover_s": 20,
}
_ONE_KILL: Mapping[str, float] = {**BROKEN, "recover_s": 9}
MATRIX = (
    Row(
        "1",
        "acked insert lost",
        "side-delete, restart",
        must={"lost_rows"},
        may=SERVICE | CONTENT | {"unplanned_restarts"},
        plants={"observe": p.lose_inserts},
        scenario=RESTARTED,
        limits=BROKEN,
    ),
    Row("2", "ack without a write", "proxy acks, drops", {"lost_rows"}, RECALL, {"steady": p.lie(Swallow(every=20))}),
    Row("3", "delete undone", "side-upsert", {"resurrected_rows"}, plants={"readback": p.bring_back_deleted}),
    Row("4", "stale upsert", "side-upsert of old", {"stale_rows"}, plants={"readback": p.write_old_versions}),
    Row("5", "phantom ids", "side-insert", {"phantom_rows"}, plants={"readback": p.write_nobodys_rows}),
    Row("6", "duplicate ids", "insert of a key again", {"duplicate_rows"}, plants={"readback": p.insert_twice}),
    Row(
        "7",
        "stale Strong read",
        "proxy replays an old reply",
        must={"stale_reads"},
        may=frozenset({"fresh_recover_s"}),
        plants={"observe": p.lie(Replay())},
    ),
    Row(
        "8",
        "segment missing",
        "side-delete of its keys",
        must={"lost_rows", "wrong_s"},
        may=SERVICE | CONTENT,
        plants={"observe": p.lose_a_part},
    ),
    Row("9", "recall drop", "proxy lowers nprobe", {"wrong_s"}, SERVICE, {"observe": p.lie(Shallow())}),
    Row("10", "wrong order", "proxy swaps hits", CONTENT, SERVICE, {"observe": p.lie(Swap())}),
    Row("11a", "short success", "proxy cuts", CONTENT, SERVICE, {"observe": p.lie(Truncate(to=9))}),
    Row("11b", "empty success", "proxy cuts", CONTENT, SERVICE, {"observe": p.lie(Truncate())}),
    Row(
        "12",
        "latency x2",
        "proxy delays by the baseline's p99",
        must={"recovered_p95_ratio"},
        may=SLOW,
        plants={"observe": p.delay_by_the_baselines(990)},
        limits=TIGHT,
    ),
    Row(
        "13",
        "one 2 s stall",
        "proxy holds",
        must={"recovered_p99_ms"},
        may={"recovered_p95_ratio", "recovered_p99_ratio"},
        plants={"observe": p.after(12, p.lie(HoldBack(for_s=2)))},
        scenario=UNHURRIED,
    ),
    Row("14", "0.5% errors", "proxy UNAVAILABLE", {"availability"}, OUTAGE, {"observe": p.lie(Deny(every=200))}),
    Row(
        "15",
        "recovery never completes",
        "member kept down",
        must={"recover_s"},
        may=SERVICE | {"idle_query_nodes"},
        plants={"observe": p.hold_down(Role.QUERY_NODE)},
        scenario=KILLED,
        limits=BROKEN,
    ),
    Row(
        "16",
        "relapse after the first success",
        "killed again 10 s later",
        must={"recover_s"},
        may=SERVICE | {"unplanned_restarts"},
        plants={"observe": p.after(10, p.kill(Role.QUERY_NODE))},
        scenario=KILLED,
        limits=_ONE_KILL,
    ),
    Row(
        "17",
        "restart nobody declared",
        "kill outside the plan",
        must={"unplanned_restarts"},
        may=SERVICE,
        plants={"observe": p.kill(Role.DATA_NODE)},
    ),
    Row("18", "scale-out that serves nothing", "balancing off", {"idle_query_nodes"}, scenario=SCALED, limits=BROKEN),
    Row(
        "19",
        "mixed versions left after an upgrade",
        "one member kept on the old one",
        must={"wrong_versions"},
        may=SERVICE,
        plants={"fault": p.leave_one_behind(Role.DATA_NODE)},
        scenario=UPGRADED,
        limits=BROKEN,
        platform=LocalPlatform,
    ),
    Row(
        "20",
        "upgrade rolled back half-way",
        "rollback after the first member",
        must={"wrong_versions"},
        may=SERVICE,
        plants={"fault": p.roll_back_half_way},
        scenario=UPGRADED,
        limits=BROKEN,
        platform=LocalPlatform,
    ),
    Row(
        *("21", "data wiped", "a partition dropped past the proxy"),
        {"lost_rows"},
        SERVICE | CONTENT,
        {"observe": Backdoor.drop_partition},
    ),
    Row(
        "22",
        "one endpoint of several dead",
        "one way denied",
        must={"bad_s", "availability"},
        may=PARTIAL,
        plants={"observe": p.lie(DenySome(for_s=5))},
        scenario=SEVERAL,
    ),
    Row(
        "23",
        "fault not applied",
        "selector matches nothing",
        must={"Effect of every fault", "Run complete"},
        may={"Figures with a limit", "Strong reads of everything"},
        scenario=AIMED_AT_NOTHING,
    ),
    Row(
        "24",
        "generator starved",
        "load process held to little CPU",
        must={"Load generator's send lag, p99"},
        may=OUTAGE | SLOW | _SENT_LATE,
        plants={"observe": p.starve_the_load(0.3)},
    ),
    Row("25", "ledger empty", "writer off", {"Acknowledged writes"}, scenario=SILENT),
    Row(
        "26",
        "just under the limit",
        "delay at 0.8 x the limit",
        must=NOTHING,
        plants={"steady": p.lie(Delay(by_ms=400))},
        limits={**STRICT, "steady_p95_ms": 500, "recovered_p95_ms": 500},
    ),
    # Beyond the matrix: what else two reads of everything can show.
    Row("27", "damaged rows", "side-upsert", {"damaged_rows"}, plants={"readback": p.damage_rows}),
    Row("28", "rows that come and go", "side-insert", {"flipped_rows"}, plants={"readback": p.write_between_reads}),
    # Several at once, so that a few minutes show that every check can fire.
    Row(
        "data",
        "1, 3 to 6, 27 and 28 at once",
        "a second client",
        DATA,
        plants={"readback": p.violate_data},
    ),
    Row(
        "answers",
        "7, 9, 10, 14 and 17 to 19 at once",
        "as each of them",
        must={"stale_reads", "unplanned_restarts", "wrong_versions", "idle_query_nodes", *CONTENT, *PARTIAL, "wrong_s"},
        may=SERVICE,
        plants={
            "observe": p.together(
                p.lie(Deny(every=10, methods=_OF_CLIENTS), Replay(), Swap(), Shallow()),
                p.run_as(Role.DATA_NODE, BEFORE),
            ),
            "readback": p.lie(),
        },
        scenario=SCALED,
        limits=TIGHT,
        platform=LocalPlatform,
    ),
    Row(
        "unsound",
        "24 and 25 at once",
        "as each of them",
        must={"Load generator's send lag, p99", "Acknowledged writes"},
        may=OUTAGE | SLOW | _SENT_LATE,
        plants={"observe": p.starve_the_load(0.3)},
        scenario=SILENT,
    ),
)
# Every mode of the proxy is in force, and changes nothing.
_IDLE = (
    *(PassOn(), Deny(every=_NEVER), DenySome(for_s=0), Delay(by_ms=0), HoldBack(for_s=0), Swallow(every=_NEVER)),
    *(Replay(after=_NEVER), Shallow(ROWS.search_params["nprobe"]), Swap(other=0), Truncate(ROWS.k)),
)
CONTROLS = (
    *(
        Row(f"c{number}", "nothing", f"control: {type(idle).__name__.lower()}", NOTHING, plants={"steady": p.lie(idle)})
        for number, idle in enumerate(_IDLE, 1)
    ),
    # What row 16 must find is the second kill, not the first.
    Row("c11", "nothing", "control: one kill of row 16", NOTHING, scenario=KILLED, limits=_ONE_KILL),
)


def brought() -> tuple[Row, ...]:
    """Return the rows that kinds of evidence bring themselves."""
    return tuple(row for one in kinds() for row in one.part("rows") or ())
