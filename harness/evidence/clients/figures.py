"""The figures of how clients were served. Source: docs/measuring.md."""

from __future__ import annotations

from harness.slo.figure import Blame, Column, Figure, Group, Limited, Over, recovery_figure

_STEADY = "searches of the steady state; n >= 200 for the p95, 1,000* for the p99"
_RECOVERED = "searches from recovery to the end of the observation"
_RATIO = (
    "after recovery to steady: the median shows a cluster that became slower, the tails a machine's hiccups too; "
    "infinite where it never recovered"
)


def _percentile(when: str, per_mille: int, over: Over) -> Figure:
    name = f"p{per_mille // 10}"
    return Figure(
        f"{when}_{name}_ms",
        f"Search latency {name}, {'steady state' if over is Over.STEADY else 'recovered'}",
        "ms",
        Group.LATENCY,
        _STEADY if over is Over.STEADY else _RECOVERED,
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
        _RATIO,
        over=Over.RECOVERED,
        blame=Blame.MACHINE,
        per_mille=per_mille,
        of_fault=True,
        column=column,
    )


def _seconds(name: str, label: str, definition: str, column: Column | None = None) -> Figure:
    return Figure(
        name,
        label,
        "s",
        Group.SERVICE,
        definition,
        limited=Limited.SECONDS,
        blame=Blame.SENDER,
        tabled=True,
        column=column,
    )


def _told(name: str, label: str, definition: str, *, tabled: bool) -> Figure:
    return Figure(name, label, "s", Group.RECOVERY, definition, limited=Limited.NOT, of_fault=True, tabled=tabled)


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
        "good / scheduled searches from the effect to the end of the observation, never sent included",
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
        "searches of either client that succeeded with invalid content, from the steady state's begin to the end of "
        "the observation; each is bad as well",
        check="content",
        expected="a search that succeeds has k different hits, ordered by distance, of rows that may be there",
    ),
    _seconds(
        "bad_s",
        "Seconds with more than 5% bad searches",
        "1 s bins with more than 5%* bad (one alone* is none where several were due), from the effect on; a last bin"
        " that is cut short counts for as long as it is",
        Column("Bad", "seconds with more than 5% bad searches", 20),
    ),
    _seconds("down_s", "Seconds with more than half of searches bad", "the same bins, more than half bad"),
    _seconds("longest_outage_s", "Longest outage", "the longest run of bins that `down_s` counts"),
    _told(
        "detect_s", "Until the first bad search", "from the effect to the first bad answer; informative", tabled=True
    ),
    _told(
        "first_success_s",
        "Until the first good search after it",
        "from the effect to the first good answer after the first bad one; informative",
        tabled=True,
    ),
    recovery_figure(
        "recover_s",
        "Until searches recovered for good",
        Group.RECOVERY,
        "from the effect to the first moment from which, for 30 s*: errors <= 1%*, no second over 5%* bad, p95 <= "
        "1.5 x* and p99 <= 2 x* the same run's steady state (or within the machine's noise*) and within the absolute"
        " limits, recall >= steady - 0.01*; not before every member is up. Never reached is infinite",
        Column("Recover", "from the fault until searches had recovered for good", 10),
    ),
    _told(
        "settle_s",
        "Of it, after the cluster was whole again",
        "of `recover_s`, what came after the last fault was healed and the last member up; informative",
        tabled=False,
    ),
    recovery_figure(
        "write_recover_s",
        "Until writes recovered for good",
        Group.WRITES,
        "the same as `recover_s` for inserts, upserts and deletes, by errors alone",
    ),
    Figure(
        "write_availability",
        "Writes acknowledged in time",
        "",
        Group.WRITES,
        "the same as `availability`, for writes",
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
        "the same as `bad_s`, for writes",
        limited=Limited.NOT,
        blame=Blame.SENDER,
        tabled=True,
    ),
    recovery_figure(
        "stock_recover_s",
        "Until an application's searches recovered for good",
        Group.APPLICATIONS,
        "until searches through pymilvus as it comes, retries and all, are answered in time for good: what an "
        "application sees, where `recover_s` is the server's part",
    ),
)
