"""What others took of the machine, at the very limit and where the kernel told less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checks.thresholds import DEFAULT
from harness.checks.windows import windows
from harness.evidence.machine.cores import lacking, left_alone
from harness.history import EventKind, History
from harness.slo.surroundings import is_lack, is_machines
from harness.verdict import Validity
from tests.unit.builders import healthy, taken

HISTORY = healthy()


def found(history: History, *, machine_window: int, others_cores_max: float = 0.15) -> Validity:
    thresholds = replace(DEFAULT, machine_window=machine_window, others_cores_max=others_cores_max)
    return left_alone(history, windows(history), thresholds)


@pytest.mark.parametrize(("cores", "ok"), [(0.25, True), (0.5, False), (0.75, False)])
def test_what_is_taken_must_be_below_the_limit(cores: float, ok: bool) -> None:
    assert found(taken(HISTORY, 0, 10, cores), machine_window=2, others_cores_max=0.5).ok is ok


def test_it_is_the_worst_stretch_that_counts() -> None:
    history = taken(taken(HISTORY, 0, 30, cores=0.0), 30, 32, cores=0.5)
    assert found(history, machine_window=2).measured == "0.50"
    assert found(history, machine_window=4).measured == "0.25"


def test_what_the_host_took_is_told_as_soon_as_it_can_be_shown() -> None:
    assert found(taken(HISTORY, 0, 9, 0.3, stolen=0.005), machine_window=1).measured == "0.30 (0.01 of it by the host)"
    assert found(taken(HISTORY, 0, 9, 0.3, stolen=0.004), machine_window=1).measured == "0.30"


def test_a_kernel_that_tells_nothing_of_the_host_blames_it_for_nothing() -> None:
    plain = taken(HISTORY, 0, 9, 0.3, stolen=0.2)
    events = tuple(
        replace(e, detail={"cores": e.detail["cores"]}) if e.kind is EventKind.MACHINE else e for e in plain.events
    )
    assert found(replace(plain, events=events), machine_window=1).measured == "0.30"
    told_from = [n for n, e in enumerate(plain.events) if e.kind is EventKind.MACHINE][1]
    one_untold = (*events[:told_from], *plain.events[told_from:])
    assert found(replace(plain, events=one_untold), machine_window=9).measured == "0.30 (0.18 of it by the host)"


def test_nobody_looked_for_long_enough() -> None:
    few = taken(HISTORY, 0, 4, cores=1.0)
    assert (found(few, machine_window=5).measured, found(few, machine_window=5).ok) == ("not recorded", True)
    assert found(few, machine_window=4).ok is False


@pytest.mark.parametrize(
    ("more", "measured"),
    [
        ({}, None),
        ({"of": "2", "busy": "1.89"}, None),
        ({"of": "2", "busy": "1.91"}, "1.91 of 2 cores busy"),
        ({"of": "0.7", "busy": "1.9", "periods": "10", "stopped": "4"}, None),
        (
            {"of": "0.7", "busy": "0.7", "periods": "10", "stopped": "5"},
            "a quota of 0.7 cores, used up in 50% of its periods",
        ),
        ({"of": "0.7", "periods": "0", "stopped": "0"}, None),
    ],
)
def test_processor_time_must_be_left_in_the_steady_state(more: dict[str, str], measured: str | None) -> None:
    elsewhere = taken(HISTORY, 50, 60, 0.0, of="2", busy="2.0")  # a fault's own work is no lack of it
    seen = taken(elsewhere, 2, 30, 0.0, 0.0, **more)
    lack = lacking(seen, windows(seen), DEFAULT)
    assert (lack and lack.measured) == measured
    assert lack is None or (is_lack(lack) and is_machines(lack) and not lack.ok)


def test_what_others_took_is_no_slow_machine() -> None:
    shared = taken(HISTORY, 2, 30, 1.5, of="2", busy="1.95")
    assert lacking(shared, windows(shared), DEFAULT) is None
    assert not left_alone(shared, windows(shared), DEFAULT).ok
