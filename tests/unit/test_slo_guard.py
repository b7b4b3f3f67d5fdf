"""A check that crashes makes its run INVALID by its name; everything else is judged and drawn all the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from harness.evidence.clients.judge import Clients
from harness.evidence.data.judge import Data
from harness.run import scenario_run
from harness.slo.evidence import judges
from harness.slo.judge import judge
from harness.store.run_record import Judged
from harness.store.scenario_folder import ScenarioFolder
from harness.verdict import Crash, Judgement, Verdict
from tests.unit.builders import healthy
from tests.unit.judged import LIMITS, values

# The module: harness.slo names its function the same.
judging_module = import_module("harness.slo.judge")
HISTORY = healthy()
PASSED = judge(HISTORY, LIMITS)


def crash(*_: object, **__: object) -> None:
    raise ZeroDivisionError("a defect\nof two lines")


def crashing(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> Judgement:
    monkeypatch.setattr(where, name, crash)
    return judge(HISTORY, LIMITS)


@pytest.mark.parametrize(
    ("where", "crashes", "check"),
    [
        *((type(one), "measure", name) for name, one in judges() if one.figures),
        *((type(one), "conditions", name) for name, one in judges()),
        (Clients, "steady", "clients"),
        (Clients, "findings", "clients"),
        (Clients, "proofs", "clients"),
        (Data, "confirmation", "data"),
        (judging_module, "clients", "clients"),
        (judging_module, "search_marks", "moments"),
        (judging_module, "late_sending", "sender"),
        (judging_module, "lack_first", "lack"),
        (judging_module, "_confirmed", "confirmation"),
    ],
)
def test_a_check_that_crashes_is_named_first_and_its_run_is_invalid(
    monkeypatch: pytest.MonkeyPatch, where: object, crashes: str, check: str
) -> None:
    assert PASSED.verdict is Verdict.PASS
    judged = crashing(monkeypatch, where, crashes)
    assert judged.verdict is Verdict.INVALID
    assert judged.validity[0].what == "Checks that crashed"
    assert f"{check}: ZeroDivisionError: a defect" in judged.validity[0].measured
    assert "of two lines" not in judged.validity[0].measured
    assert check in [crash.check for crash in judged.crashes]
    assert all('raise ZeroDivisionError("a defect' in crash.traceback for crash in judged.crashes)


def test_everything_else_is_judged_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = crashing(monkeypatch, Data, "measure")
    others = {name: value for name, value in values(PASSED).items() if not name.endswith("_rows")}
    assert {name: value for name, value in values(judged).items() if not name.endswith("_rows")} == pytest.approx(
        others, nan_ok=True
    )
    assert all(math.isnan(value) for name, value in values(judged).items() if name.endswith("_rows"))
    assert judged.reasons[0].startswith("Checks that crashed: data: ZeroDivisionError: a defect, required none")


def test_its_traceback_is_kept_in_the_folder(tmp_path: Path) -> None:
    judgement = replace(PASSED, crashes=(Crash("data", "ZeroDivisionError: a", "Traceback: in some line"),))
    keep: Callable[..., None] = scenario_run._keep_crashes
    keep(Judged("a", "A", "scenarios/a", judgement, ""), ScenarioFolder(tmp_path))
    assert (tmp_path / "crashed-checks.txt").read_text(encoding="utf-8") == "data\nTraceback: in some line"
