"""Limits drawn from healthy runs: by hand, and from a recorded one."""

import math
import tomllib
from pathlib import Path

import pytest

from harness.run.calibration import Seen, as_toml, seen_in, supported, worst
from harness.slo import load_limits
from harness.store.run_folder import RunFolder
from harness.verdict import SloRow
from tests.unit.test_recorded_run import GATE, harness, unpacked

DATA = Path(__file__).parents[1] / "data"


def row(figure: str, value: float, relation: str = "<=") -> SloRow:
    return SloRow(figure, figure, "", relation, None, value, 100, None, None, calibrated=False)


@pytest.mark.parametrize(
    ("figure", "relation", "values", "expected"),
    [
        ("steady_p95_ms", "<=", (12.0, 17.14), 25.0),
        ("recover_s", "<=", (4.2, 9.416), 14.0),
        ("bad_s", "<=", (0.0, 0.0), 1.0),
        ("bad_s", "<=", (4.0, 6.0), 9.0),
        ("availability", ">=", (0.92, 0.872), 0.808),
        ("availability", ">=", (1.0, 1.0), 0.99),
        ("lost_rows", "<=", (0.0, 0.0), 0.0),
        ("unplanned_restarts", "<=", (0.0, 0.0), 0.0),
    ],
)
def test_a_limit_is_half_as_much_again_as_the_worst(
    figure: str, relation: str, values: tuple[float, ...], expected: float
) -> None:
    rows = [row(figure, value, relation) for value in values]
    assert supported(rows[0], worst(rows)) == expected


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_was_never_reached_or_not_measured_gives_no_limit(value: float) -> None:
    rows = (row("recover_s", 3.0), row("recover_s", value))
    assert Seen("x", (1, 2), {"recover_s": rows}).limits() == {}


def test_nine_runs_are_61_percent_sure() -> None:
    assert Seen("x", tuple(range(9)), {}).sure == pytest.approx(0.61, abs=0.005)
    assert Seen("x", tuple(range(29)), {}).sure == pytest.approx(0.95, abs=0.005)


def test_the_file_that_is_made_of_a_recorded_run_can_be_used(tmp_path: Path) -> None:
    left_out: list[str] = []
    (seen,) = seen_in([RunFolder.open(unpacked(DATA / GATE, tmp_path / "run"))], left_out)
    path = tmp_path / "my-limits.toml"
    path.write_text(as_toml([seen], ["of a recorded run"]), encoding="utf-8")
    assert not left_out
    assert tomllib.loads(path.read_text(encoding="utf-8"))["query-node-killed"]["lost_rows"] == 0
    limits = load_limits(path, "query-node-killed")
    assert limits.calibrated
    assert limits.amounts["recover_s"] == 66.0  # 1.5 times 44.66, rounded down


def test_mistakes_are_one_line_before_anything_starts(tmp_path: Path) -> None:
    there = tmp_path / "there.toml"
    there.touch()
    for arguments, told in [
        (("--runs", "0"), "0 runs (--runs)"),
        (("--runs", "101"), "101 runs (--runs)"),
        (("--out", str(there)), "there already"),
        (("--out", str(tmp_path / "no" / "x.toml")), "its folder is not there"),
    ]:
        done = harness("calibrate", *arguments)
        assert done.returncode == 4
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
