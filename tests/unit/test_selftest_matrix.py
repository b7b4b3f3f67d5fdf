"""The matrix is whole: every row of it, each check at least once, and a control for every mode of the proxy."""

from __future__ import annotations

import re
from pathlib import Path

from harness.selftest.carry_out import Detected
from harness.selftest.lies import LIES
from harness.selftest.matrix import CONTROLS, MATRIX
from harness.selftest.row import NOTHING, Row
from harness.selftest.shipped import SHIPPED
from harness.slo.limits import limitable, load_limits
from harness.store.run_record import Judged
from harness.verdict import Judgement, Marks, Validity, Verdict
from tests.unit.judged import DATA, FIGURES

NUMBERS = {*(str(number) for number in range(1, 29) if number != 11), "11a", "11b", "data", "answers", "unsound"}


def test_every_row_is_there_once() -> None:
    assert {row.number for row in MATRIX} == NUMBERS
    rows = (*MATRIX, *SHIPPED, *CONTROLS)
    assert len({row.number for row in rows}) == len(rows)


def test_the_documentation_lists_every_row() -> None:
    told = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
    assert [row.number for row in (*MATRIX, *SHIPPED) if _line(row) not in told] == []


def _line(row: Row) -> str:
    must, may = (", ".join(map(_name, sorted(names))) for names in (row.must, row.may - row.must))
    return f"| {row.number} | {row.violation} | {row.planted_by} | {must or 'nothing: PASS'} | {may} |"


def _name(check: str) -> str:
    return f"`{check}`" if check in {figure.name for figure in FIGURES} else check


def test_ci_has_rows_of_every_sort_and_the_nightly_all() -> None:
    root = Path(__file__).parents[2]
    assert set(re.findall(r"--row (\S+)", (root / ".ci" / "run").read_text())) == {"data", "answers", "unsound"}
    nightly = (root / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8")
    assert "selftest\n" in nightly  # without --row


def test_every_kind_of_data_violation_is_planted() -> None:
    planted = frozenset[str]().union(*(row.must for row in MATRIX))
    assert set(DATA) <= planted


def test_what_must_or_may_fire_is_a_figure_with_a_limit_or_a_check() -> None:
    figures = {figure.name for figure in FIGURES}
    for row in MATRIX:
        gated = {name for name in row.must if name in figures}
        assert row.limits is not None
        assert gated <= set(row.limits), row.number
        assert set(row.limits) <= {figure.name for figure in limitable()}, row.number


def test_what_the_shipped_limits_must_find_has_one() -> None:
    for row in SHIPPED:
        shipped = load_limits("fast", row.scenario.name).amounts
        assert row.limits is None
        assert row.must <= set(shipped), row.number


def test_every_mode_of_the_proxy_has_a_control() -> None:
    assert {row.planted_by.removeprefix("control: ") for row in CONTROLS if row.plants} == set(LIES)
    assert all(row.must == row.may == NOTHING for row in CONTROLS)


def test_one_kill_is_recovered_from_within_the_limit_that_a_second_one_breaks() -> None:
    (relapse,) = (row for row in MATRIX if row.number == "16")
    (control,) = (row for row in CONTROLS if not row.plants)
    assert (control.scenario, control.limits) == (relapse.scenario, relapse.limits)
    assert relapse.must == {"recover_s"}


def detected(must: set[str], fired: set[str], verdict: Verdict, *, unmet: str = "") -> Detected:
    validity = (Validity(unmet, "0.5", "< 0.15", ok=False),) if unmet else ()
    judgement = Judgement(verdict, (), (), validity, (), Marks(None, None, None, None, None))
    row = Row("x", "x", "x", must, {"may"})
    return Detected(row, Judged("x", "x", "scenarios/x", judgement, ""), frozenset(fired))


def test_a_row_fails_where_a_check_is_silent_or_another_one_speaks() -> None:
    assert detected({"a"}, {"a", "may"}, Verdict.FAIL).failed == ""
    assert detected({"a"}, {"may"}, Verdict.FAIL).failed == "did not fire: a"
    assert detected({"a"}, {"a", "b"}, Verdict.FAIL).failed == "fired, undeclared: b"
    assert detected({"a"}, {"a"}, Verdict.PASS).failed == "the verdict is PASS"
    assert detected(set(), set(), Verdict.FAIL).failed == "the verdict is FAIL"
    assert detected(set(), set(), Verdict.PASS).failed == ""


def test_what_an_unsound_run_did_not_show_is_tried_again() -> None:
    assert detected({"a"}, {"lag"}, Verdict.INVALID, unmet="lag").proved_nothing
    assert detected({"a"}, {"a", "p99", "lag"}, Verdict.FAIL, unmet="lag").proved_nothing
    assert not detected({"lag"}, {"lag"}, Verdict.INVALID, unmet="lag").proved_nothing
    assert not detected({"a"}, set(), Verdict.FAIL).proved_nothing
