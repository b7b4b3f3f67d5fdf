"""Every figure that a judgement shows: its name, its words, its unit, and which way its limit points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A figure. `relation` is how it must stand to its limit; `of_fault`: only a fault gives it a meaning."""

    name: str
    label: str
    unit: str
    relation: str = "<="
    of_fault: bool = False


FIGURES = (
    Figure("steady_p95_ms", "Search latency p95, steady state", "ms"),
    Figure("steady_p99_ms", "Search latency p99, steady state", "ms"),
    Figure("recovered_p95_ms", "Search latency p95, recovered", "ms", of_fault=True),
    Figure("recovered_p99_ms", "Search latency p99, recovered", "ms", of_fault=True),
    Figure("recovered_p50_ratio", "Median recovered to steady", "x", of_fault=True),
    Figure("recovered_p95_ratio", "p95 recovered to steady", "x", of_fault=True),
    Figure("recovered_p99_ratio", "p99 recovered to steady", "x", of_fault=True),
    Figure("availability", "Searches answered well", "", ">="),
    Figure("invalid_answers", "Searches that succeeded with invalid content", "answers"),
    Figure("bad_s", "Seconds with more than 5% bad searches", "s"),
    Figure("down_s", "Seconds with more than half of searches bad", "s"),
    Figure("longest_outage_s", "Longest outage", "s"),
    Figure("wrong_s", "Seconds with more than 5% wrong answers", "s"),
    Figure("detect_s", "Until the first bad search", "s", of_fault=True),
    Figure("first_success_s", "Until the first good search after it", "s", of_fault=True),
    Figure("recover_s", "Until searches recovered for good", "s", of_fault=True),
    Figure("settle_s", "Of it, after the cluster was whole again", "s", of_fault=True),
    Figure("write_recover_s", "Until writes recovered for good", "s", of_fault=True),
    Figure("write_availability", "Writes acknowledged in time", "", ">="),
    Figure("write_bad_s", "Seconds with more than 5% bad writes", "s"),
    Figure("fresh_recover_s", "Until reads saw the newest write for good", "s", of_fault=True),
    Figure("fresh_p95_ms", "Until a Strong read answers p95, steady state", "ms"),
    Figure("stale_reads", "Strong reads that missed an acknowledged write", "reads"),
    Figure("invalid_reads", "Strong reads that found another row, or a damaged one", "reads"),
    Figure("stock_recover_s", "Until an application's searches recovered for good", "s", of_fault=True),
    Figure("unplanned_restarts", "Members that ended though no fault said so", "members"),
    Figure("wrong_versions", "Members at another version than declared", "members"),
    Figure("idle_query_nodes", "Query nodes that serve no segment in the end", "members"),
    Figure("recall", "Recall, steady state", "", ">="),
    Figure("recall_recovered", "Recall, recovered", "", ">=", of_fault=True),
    Figure("lost_rows", "Acknowledged rows lost", "rows"),
    Figure("resurrected_rows", "Deleted rows back again", "rows"),
    Figure("stale_rows", "Rows older than their last write", "rows"),
    Figure("phantom_rows", "Rows that nobody wrote", "rows"),
    Figure("duplicate_rows", "Rows counted but not distinct", "rows"),
    Figure("damaged_rows", "Rows whose fields do not belong together", "rows"),
    Figure("flipped_rows", "Rows in one of two reads only", "rows"),
)

DATA = (
    "lost_rows",
    "resurrected_rows",
    "stale_rows",
    "phantom_rows",
    "duplicate_rows",
    "damaged_rows",
    "flipped_rows",
)
# Seen from the members themselves: harnesses before 0.1.0 recorded less of them.
MEMBERS = ("unplanned_restarts", "wrong_versions", "idle_query_nodes")
PERCENTILES = {
    "steady_p95_ms": 950,
    "steady_p99_ms": 990,
    "recovered_p95_ms": 950,
    "recovered_p99_ms": 990,
    "fresh_p95_ms": 950,
}
RATIOS = {"recovered_p50_ratio": 500, "recovered_p95_ratio": 950, "recovered_p99_ratio": 990}
# Each counts from the fault's effect and is infinite where what was observed holds no whole window of it.
RECOVERIES = ("recover_s", "write_recover_s", "fresh_recover_s", "stock_recover_s")
# How many were served in time: a sender that stood still can break that, a slow machine alone does not.
SERVED = ("availability", "bad_s", "down_s", "longest_outage_s", "write_availability", "write_bad_s")
# Beside the percentiles, what a slow machine alone can break: recovery asks for the steady state's latencies.
LATENCY = (
    *RECOVERIES,
    *RATIOS,
)
