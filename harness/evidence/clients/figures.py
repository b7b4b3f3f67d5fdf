"""The figures of how clients were served. Source: docs/measuring.md."""

from __future__ import annotations

from harness.slo.figure import Blame, Column, Figure, Group, Limited, Over


def _percentile(when: str, per_mille: int, over: Over) -> Figure:
    name = f"p{per_mille // 10}"
    return Figure(
        f"{when}_{name}_ms",
        f"Search latency {name}, {'steady state' if over is Over.STEADY else 'recovered'}",
        "ms",
        Group.LATENCY,
        limited=Limited.MILLISECONDS if over is Over.STEADY else Limited.NUMBER,
        over=over,
        blame=Blame.MACHINE,
        per_mille=per_mille,
        of_fault=over is Over.RECOVERED,
    )


def _ratio(per_mille: int, label: str, column: Column | None = None) -> Figure:
    return Figure(
        f"recovered_p{per_mille // 10}_ratio",
        label,
        "x",
        Group.LATENCY,
        over=Over.RECOVERED,
        blame=Blame.MACHINE,
        per_mille=per_mille,
        of_fault=True,
        column=column,
    )


def _seconds(name: str, label: str, column: Column | None = None) -> Figure:
    return Figure(
        name,
        label,
        "s",
        Group.SERVICE,
        limited=Limited.SECONDS,
        blame=Blame.SENDER,
        tabled=True,
        column=column,
    )


def _recovery(name: str, label: str, group: Group, column: Column | None = None) -> Figure:
    return Figure(
        name,
        label,
        "s",
        group,
        limited=Limited.SECONDS,
        blame=Blame.MACHINE,
        of_fault=True,
        endless=True,
        tabled=True,
        column=column,
    )


def _told(name: str, label: str, *, tabled: bool) -> Figure:
    return Figure(name, label, "s", Group.RECOVERY, limited=Limited.NOT, of_fault=True, tabled=tabled)


FIGURES = (
    _percentile("steady", 950, Over.STEADY),
    _percentile("steady", 990, Over.STEADY),
    _percentile("recovered", 950, Over.RECOVERED),
    _percentile("recovered", 990, Over.RECOVERED),
    _ratio(500, "Median recovered to steady"),
    _ratio(950, "p95 recovered to steady"),
    _ratio(990, "p99 recovered to steady", Column("p99 ratio", "p99 after recovery to p99 in the steady state", 50)),
    Figure(
        "availability",
        "Searches answered well",
        "",
        Group.SERVICE,
        ">=",
        limited=Limited.SHARE,
        blame=Blame.SENDER,
        tabled=True,
        column=Column("Availability", "part of the searches answered well, from the fault to the end", 30),
    ),
    Figure(
        "invalid_answers",
        "Searches that succeeded with invalid content",
        "answers",
        Group.SERVICE,
        check="content",
        expected="a search that succeeds has k different hits, ordered by distance, of rows that may be there",
    ),
    _seconds(
        "bad_s", "Seconds with more than 5% bad searches", Column("Bad", "seconds with more than 5% bad searches", 20)
    ),
    _seconds("down_s", "Seconds with more than half of searches bad"),
    _seconds("longest_outage_s", "Longest outage"),
    _told("detect_s", "Until the first bad search", tabled=True),
    _told("first_success_s", "Until the first good search after it", tabled=True),
    _recovery(
        "recover_s",
        "Until searches recovered for good",
        Group.RECOVERY,
        Column("Recover", "from the fault until searches had recovered for good", 10),
    ),
    _told("settle_s", "Of it, after the cluster was whole again", tabled=False),
    _recovery("write_recover_s", "Until writes recovered for good", Group.WRITES),
    Figure(
        "write_availability",
        "Writes acknowledged in time",
        "",
        Group.WRITES,
        ">=",
        limited=Limited.NOT,
        blame=Blame.SENDER,
        tabled=True,
    ),
    Figure(
        "write_bad_s",
        "Seconds with more than 5% bad writes",
        "s",
        Group.WRITES,
        limited=Limited.NOT,
        blame=Blame.SENDER,
        tabled=True,
    ),
    _recovery("stock_recover_s", "Until an application's searches recovered for good", Group.APPLICATIONS),
)
