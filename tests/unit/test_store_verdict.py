"""verdict.json: read back as it was written, and the verdict of a run with second attempts and skips."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.store.run_record import Judged, RunRecord, RunVerdict, Skipped, is_superseded, never_ran
from harness.store.verdict_file import Difference, differences, read_verdict, write_verdict
from harness.verdict import Finding, Judgement, Marks, SloRow, Validity, Verdict

RECORD = RunRecord(selection="gate", seed=7, started="2025-03-14T09:26:53+00:00", command="tox -e gate")
NUMBERS = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False))
NS = st.none() | st.integers(0, 2**62)
TEXT = st.text(max_size=20)
ROWS = st.builds(
    SloRow,
    figure=st.uuids().map(str),
    label=TEXT,
    unit=st.sampled_from(["s", "ms", "", "rows"]),
    relation=st.sampled_from(["<=", ">="]),
    limit=st.none() | NUMBERS,
    value=NUMBERS,
    n=st.integers(0, 10**9),
    interval=st.none() | st.tuples(NUMBERS, NUMBERS),
    passed=st.sampled_from([True, False, None]),
    calibrated=st.booleans(),
)
KEYS = st.lists(st.integers(0, 2**62), max_size=3).map(tuple)
JUDGEMENTS = st.builds(
    Judgement,
    verdict=st.sampled_from(Verdict),
    reasons=st.lists(TEXT, max_size=2).map(tuple),
    slos=st.lists(ROWS, max_size=3, unique_by=lambda row: row.figure).map(tuple),
    validity=st.lists(st.builds(Validity, TEXT, TEXT, TEXT, st.booleans(), st.sampled_from(Verdict)), max_size=2).map(
        tuple
    ),
    findings=st.lists(st.builds(Finding, TEXT, TEXT, st.integers(0, 99), KEYS, KEYS), max_size=2).map(tuple),
    marks=st.builds(Marks, NS, NS, NS, NS, NS),
)
ENTRIES = st.one_of(st.builds(Judged, TEXT, TEXT, TEXT, JUDGEMENTS, TEXT), st.builds(Skipped, TEXT, TEXT, TEXT))


def judged(name: str, verdict: Verdict, *, reasons: tuple[str, ...] = (), folder: str = "") -> Judged:
    marks = Marks(None, None, None, None, None)
    judgement = Judgement(verdict, reasons, (), (), (), marks)
    return Judged(name, name.capitalize(), folder or f"scenarios/{name}", judgement)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRIES, max_size=3))
def test_what_is_written_is_read(tmp_path: Path, entries: list[Judged | Skipped]) -> None:
    path, verdict = tmp_path / "verdict.json", RunVerdict.of(entries)
    write_verdict(path, RECORD, verdict)
    read = read_verdict(path)
    assert read == verdict
    assert list(differences(read, verdict)) == []


def test_infinity_is_a_string_and_integers_stay_integers(tmp_path: Path) -> None:
    row = SloRow("recover_s", "recover", "s", "<=", 30, math.inf, 45, (1.5, math.inf), False, False)
    entry = judged("kill", Verdict.FAIL)
    entry = replace(entry, judgement=replace(entry.judgement, slos=(row,)))
    write_verdict(tmp_path / "verdict.json", RECORD, RunVerdict.of([entry]))
    text = (tmp_path / "verdict.json").read_text()
    figure = json.loads(text, parse_constant=pytest.fail)["scenarios"][0]["figures"]["recover_s"]
    assert (figure["value"], figure["interval"]) == ("inf", [1.5, "inf"])
    assert isinstance(figure["limit"], int)


def test_every_difference_is_told_by_its_place() -> None:
    row = SloRow("recover_s", "recover", "s", "<=", 30, math.inf, 45, (1.5, math.inf), False, False)
    entry = judged("kill", Verdict.FAIL, reasons=("slow",))
    then = RunVerdict.of([replace(entry, judgement=replace(entry.judgement, slos=(row, replace(row, figure="x"))))])
    other = replace(entry.judgement, slos=(replace(row, value=math.nextafter(30, 31), interval=None),))
    assert list(differences(then, RunVerdict.of([replace(entry, judgement=other)]))) == [
        Difference("kill", "figures.recover_s.value", "inf", "30.000000000000004"),
        Difference("kill", "figures.recover_s.interval", "[1.5, 'inf']", "None"),
        *(
            Difference("kill", f"figures.x.{name}", str(value), "nothing")
            for name, value in (("label", "recover"), ("unit", "s"), ("relation", "<="), ("limit", 30))
        ),
        Difference("kill", "figures.x.value", "inf", "nothing"),
        Difference("kill", "figures.x.n", "45", "nothing"),
        Difference("kill", "figures.x.interval", "[1.5, 'inf']", "nothing"),
        *(
            Difference("kill", f"figures.x.{name}", str(value), "nothing")
            for name, value in (("passed", False), ("calibrated", False), ("needed", row.needed))
        ),
    ]


def test_the_verdict_and_its_exit_code_lie_on_top(tmp_path: Path) -> None:
    write_verdict(tmp_path / "verdict.json", RECORD, RunVerdict.of([judged("kill", Verdict.FAIL, reasons=("lost",))]))
    document = json.loads((tmp_path / "verdict.json").read_text())
    assert (document["verdict"], document["exit_code"], document["seed"]) == ("FAIL", 1, 7)
    assert document["sentence"] == "Kill: lost."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "unreadable"),
        ("[]", "JSON object"),
        ('{"format": 99}', "format 99 is newer"),
        ('{"format": 1}', "not a run's verdict: KeyError"),
        ('{"scenarios": []}', "no format number"),
        ('{"format": 1, "verdict": "MAYBE", "sentence": "", "scenarios": []}', "MAYBE"),
        ('{"format": 1, "verdict": "PASS", "sentence": "", "scenarios": [3]}', "not a run's verdict"),
    ],
)
def test_what_is_no_verdict_is_told_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=said) as caught:
        read_verdict(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_verdict_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        read_verdict(tmp_path / "verdict.json")


def test_a_second_attempt_takes_the_place_of_one_that_proved_nothing() -> None:
    first, second = judged("kill", Verdict.INVALID), judged("kill", Verdict.PASS, folder="scenarios/kill-2")
    assert RunVerdict.of([first, second]).verdict is Verdict.PASS
    assert is_superseded(first, [first, second])
    assert not is_superseded(second, [first, second])


def test_what_was_selected_and_never_ran_makes_a_run_invalid() -> None:
    run = replace(RECORD, selected=("a", "b", "c"))
    there: list[Judged | Skipped]
    there = [judged("a", Verdict.INVALID), judged("a", Verdict.PASS, folder="scenarios/a-2"), Skipped("b", "B", "x")]
    missing = never_ran(run, there)
    assert [(entry.name, entry.judgement.verdict) for entry in missing] == [("c", Verdict.INVALID)]
    found = RunVerdict.of([*there, *missing])
    assert (found.verdict, found.sentence) == (
        Verdict.INVALID,
        "c: selected, but never ran: the run was ended before it.",
    )
    assert never_ran(RECORD, there) == []


def test_a_fail_is_never_run_until_green() -> None:
    first, second = judged("kill", Verdict.FAIL), judged("kill", Verdict.PASS, folder="scenarios/kill-2")
    assert RunVerdict.of([first, second]).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("entries", "verdict", "sentence"),
    [
        ([], Verdict.INVALID, "No scenario ran, so nothing can be said."),
        ([Skipped("a", "A", "no disk")], Verdict.INVALID, "No scenario ran: no disk."),
        ([judged("a", Verdict.PASS)], Verdict.PASS, "A: all 0 limits held."),
        (
            [judged("a", Verdict.PASS), Skipped("b", "B", "no disk")],
            Verdict.INCONCLUSIVE,
            "B was skipped: no disk.",
        ),
        (
            [judged("a", Verdict.INVALID, reasons=("no load.", "x")), judged("b", Verdict.PASS)],
            Verdict.INVALID,
            "A: no load, and 1 other reason.",
        ),
    ],
)
def test_the_sentence_says_what_decided(entries: list[Judged | Skipped], verdict: Verdict, sentence: str) -> None:
    found = RunVerdict.of(entries)
    assert (found.verdict, found.sentence) == (verdict, sentence)
