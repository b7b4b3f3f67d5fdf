"""What CI makes of runs that say nothing: only the machine's own conditions excuse one, and never a FAIL."""

import pytest

from harness.slo.surroundings import is_machines
from harness.store.run_record import Judged, RunVerdict
from harness.verdict import Judgement, Marks, Validity, Verdict
from tests.ci.judged import excused, unjudged

BUSY = Validity("Cores taken by others, worst 10 s", "0.9", "< 0.15", ok=False)
LATE = Validity("Load generator's send lag, p99", "300 ms", "< 100 ms", ok=False)
SLOW = Validity("Processor time in the steady state", "1.99 of 2 cores busy", "< 95%", ok=False)
UNSEEN = Validity("Effect of every fault", "not seen", "seen", ok=False)


def entry(name: str, verdict: Verdict, *unmet: Validity, aborted: str = "") -> Judged:
    judgement = Judgement(verdict, (), (), unmet, (), Marks(None, None, None, None, None))
    return Judged(name, name, name, judgement, aborted)


def run(*entries: Judged) -> RunVerdict:
    return RunVerdict.of(entries)


PASSED = (entry("a", Verdict.PASS), entry("b", Verdict.PASS))
INVALID = entry("c", Verdict.INVALID, BUSY, LATE)


@pytest.mark.parametrize("check", [BUSY, LATE])
def test_conditions_on_the_machine_are_known_as_such(check: Validity) -> None:
    assert is_machines(check)
    assert not is_machines(UNSEEN)


def test_only_the_machine_excuses() -> None:
    assert excused(INVALID)
    assert not excused(entry("c", Verdict.INVALID, BUSY, UNSEEN))
    assert not excused(entry("c", Verdict.INVALID))
    assert not excused(entry("c", Verdict.INVALID, BUSY, aborted="the disk is full"))
    assert not excused(entry("c", Verdict.INCONCLUSIVE, BUSY))
    # A machine that is too slow ends the scenario, so that everything else is unmet too.
    assert excused(entry("c", Verdict.INVALID, SLOW, UNSEEN, aborted="the machine is too slow"))


def test_two_passes_and_no_fail_let_it_through() -> None:
    assert unjudged([run(*PASSED, INVALID, INVALID), run(INVALID)], 2) == [INVALID]


def test_too_few_passes_do_not() -> None:
    assert unjudged([run(PASSED[0], INVALID), run(INVALID)], 2) is None


def test_a_fail_never_does_not_even_one_that_was_tried_again() -> None:
    failed = entry("c", Verdict.FAIL)
    assert unjudged([run(*PASSED, failed), run(INVALID)], 2) is None


def test_another_invalid_stays_red() -> None:
    assert unjudged([run(*PASSED, entry("d", Verdict.INVALID, UNSEEN)), run(INVALID)], 2) is None


def test_the_last_attempt_counts() -> None:
    assert unjudged([run(*PASSED, INVALID), run(entry("c", Verdict.PASS))], 2) == []
