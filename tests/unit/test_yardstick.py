"""The yardstick: a history by hand, and a reading of this machine."""

from dataclasses import replace
from pathlib import Path

from harness.checks.thresholds import DEFAULT
from harness.checks.yardstick import readings
from harness.evidence.machine.judge import same_machine
from harness.evidence.machine.yardstick import read_yardstick
from harness.history import Event, EventKind, History
from harness.load.yardstick import PARTS
from harness.plan.specs import DataSpec
from harness.slo import Limits, judge
from harness.slo.multiples import Milliseconds
from harness.verdict import Verdict
from tests.unit.builders import Recipe, healthy

RECIPE = Recipe()
HISTORY = healthy(RECIPE)


def read(*client_ms: float, search_ms: float = 0.5) -> History:
    detail = {"search": str(search_ms), "fsync": "0.1", "start": "12"}
    events = (
        Event(RECIPE.at(at), EventKind.MACHINE, "yardstick", "read", {"client": str(ms), **detail})
        for at, ms in enumerate(client_ms)
    )
    return replace(HISTORY, events=(*events, *HISTORY.events))


def unmet(history: History, limits: Limits) -> list[str]:
    return [check.what for check in judge(history, limits).validity if not check.ok]


def test_both_readings_are_known() -> None:
    assert [one["client"] for one in readings(read(1.0, 2.0))] == [1.0, 2.0]
    assert not readings(HISTORY)


def test_the_steady_state_is_held_to_the_slower_reading() -> None:
    limits = Limits(steady_p95_ms=Milliseconds(searches=10, clients=5), lost_rows=0)
    row = next(r for r in judge(read(1.0, 2.0), limits).slos if r.figure == "steady_p95_ms")
    assert row.limit == 10 * 0.5 + 5 * 2.0
    assert row.basis == "10 x an exact search here 0.5 ms + 5 x the client's own round trip 2 ms"


def test_a_milvus_that_is_slow_from_the_start_is_seen() -> None:
    limits = Limits(steady_p95_ms=Milliseconds(clients=5), lost_rows=0)
    assert judge(read(10.0, 10.0), limits).verdict is Verdict.PASS
    found = judge(read(0.001, 0.001), limits)
    assert found.verdict is Verdict.FAIL
    assert "x the client's own round trip" in found.reasons[0]


def test_a_machine_that_changed_is_invalid_where_a_limit_rests_on_it_and_names_the_part() -> None:
    rests = Limits(steady_p95_ms=Milliseconds(clients=50), lost_rows=0)
    assert unmet(read(1.0, 3.1), rests) == ["Yardstick: the client's own round trip, before and after"]
    assert judge(read(1.0, 3.1), rests).verdict is Verdict.INVALID
    assert not unmet(read(1.0, 3.0), rests)
    assert not unmet(read(3.0, 1.0), rests)
    assert not unmet(read(1.0, 3.1), Limits(recall=0.1, lost_rows=0))
    assert not list(same_machine(read(1.0), DEFAULT, ("client",)))


def test_without_a_reading_it_is_not_judged() -> None:
    found = judge(HISTORY, Limits(steady_p95_ms=Milliseconds(clients=5), lost_rows=0), older=True)
    row = next(r for r in found.slos if r.figure == "steady_p95_ms")
    assert (row.passed, found.verdict) == (None, Verdict.PASS)
    assert row.basis.startswith("not judged")


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    event = read_yardstick(DataSpec(rows=2000, dim=32), tmp_path)
    assert set(event.detail) == set(PARTS)
    assert all(float(ms) > 0 for ms in event.detail.values())
    assert not list(tmp_path.iterdir())
