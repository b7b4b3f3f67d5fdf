"""A limit on latency that was broken on a machine that did not keep its time is no verdict on Milvus."""

from __future__ import annotations

import numpy as np
import pytest

from harness.history import NS_PER_MS, NS_PER_S, History
from harness.kind import Kind
from harness.slo.judge import judge
from harness.verdict import Verdict
from tests.unit.builders import edit, healthy, member, outage, recall_drop, reread, slower, stall, taken, within
from tests.unit.judged import LIMITS, but, failed

HISTORY = healthy()
WHAT = "Send lag beside a limit on latency that was broken, p99"


def late(history: History, by_ms: float) -> History:
    """Every operation is sent late, and answered as much later."""
    mask = np.ones(len(history.operations), np.bool_)
    moved = round(by_ms * NS_PER_MS)
    operations = history.operations
    return edit(history, mask, sent_ns=operations.sent_ns + moved, done_ns=operations.done_ns + moved)


def verdict(history: History) -> Verdict:
    return judge(history, LIMITS).verdict


def test_slow_answers_are_a_fail_where_the_generator_was_on_time() -> None:
    broken = slower(HISTORY, 0, 40, by_ms=200)
    assert verdict(broken) is Verdict.FAIL
    assert WHAT in {check.what for check in judge(broken, LIMITS).validity}


def test_the_same_answers_prove_nothing_where_it_was_late() -> None:
    broken = late(slower(HISTORY, 0, 40, by_ms=200), by_ms=40)
    assert verdict(broken) is Verdict.INVALID
    assert any(WHAT in reason for reason in judge(broken, LIMITS).reasons)


def test_a_late_generator_whose_limits_all_held_is_no_matter() -> None:
    assert verdict(late(HISTORY, by_ms=26)) is Verdict.PASS


def test_wrong_answers_are_a_fail_however_late_they_were_asked_for() -> None:
    wrong = late(recall_drop(HISTORY, 41, 46, missed=5), by_ms=26)
    assert verdict(wrong) is Verdict.FAIL


def test_an_outage_counts_however_late_the_generator_was() -> None:
    assert verdict(late(outage(HISTORY, 41, 60, [Kind.SEARCH]), by_ms=26)) is Verdict.FAIL


def sent_after(history: History, begin_s: float, end_s: float) -> History:
    """The sender stands still: what was due meanwhile goes out in the end, and is answered at once."""
    end_ns = int(history.operations.intended_ns.min()) + round(end_s * NS_PER_S)
    return edit(stall(history, begin_s, end_s), within(history, begin_s, end_s), sent_ns=end_ns)


def test_a_stall_of_the_sender_alone_proves_nothing_and_one_of_milvus_is_a_fail() -> None:
    limits = but(LIMITS, bad_s=0.0, availability=0.999)
    sender, milvus = sent_after(HISTORY, 50, 52.5), stall(HISTORY, 50, 52.5)
    for broken, expected in ((sender, Verdict.INVALID), (milvus, Verdict.FAIL)):
        judgement = judge(broken, limits)
        assert {row.figure for row in judgement.slos if row.passed is False} >= {"bad_s", "availability"}
        assert judgement.verdict is expected
    assert any(reason.startswith("Limits that only late sending broke") for reason in judge(sender, limits).reasons)


@pytest.mark.parametrize(("second", "figure"), [(55.0, "recover_s"), (90.0, "recovered_p99_ms")])
def test_a_stall_within_the_deadline_breaks_no_limit_where_it_was_the_senders(second: float, figure: str) -> None:
    # 0.9 s of 105: the send lag's p99 shows nothing of it.
    sender, milvus = sent_after(HISTORY, second, second + 0.9), stall(HISTORY, second, second + 0.9)
    assert figure in failed(judge(sender, LIMITS)) & failed(judge(milvus, LIMITS))
    assert (verdict(sender), verdict(milvus)) == (Verdict.INVALID, Verdict.FAIL)


def test_a_stall_of_the_sender_excuses_no_slow_answers_beside_it() -> None:
    assert verdict(sent_after(slower(HISTORY, 46, 105, by_ms=200), 90, 90.9)) is Verdict.FAIL


def test_a_stall_of_the_sender_excuses_no_outage_beside_it() -> None:
    both = sent_after(outage(HISTORY, 41, 60, [Kind.SEARCH]), 62, 63.05)
    assert verdict(both) is Verdict.FAIL


def test_slow_answers_prove_nothing_while_other_programs_had_the_machine() -> None:
    broken = taken(slower(HISTORY, 0, 40, by_ms=200), 0, 60, cores=0.0)
    assert verdict(broken) is Verdict.FAIL
    shared = taken(slower(HISTORY, 0, 40, by_ms=200), 50, 62, cores=1.0)
    assert verdict(shared) is Verdict.INVALID
    assert any("Cores taken by others, worst 10 s: 1.00," in reason for reason in judge(shared, LIMITS).reasons)


def test_the_host_is_told_from_other_programs() -> None:
    shared = taken(slower(HISTORY, 0, 40, by_ms=200), 50, 62, cores=1.0, stolen=0.25)
    assert any("worst 10 s: 1.00 (0.25 of it by the host)," in reason for reason in judge(shared, LIMITS).reasons)


def test_a_member_that_is_down_in_the_end_is_excused_by_nothing() -> None:
    shared = taken(member(HISTORY, 60, "querynode-1", "down"), 50, 62, cores=1.0)
    assert verdict(shared) is Verdict.FAIL
    assert verdict(member(shared, 62, "querynode-1", "up")) is not Verdict.FAIL


def test_a_program_that_starts_beside_it_is_no_excuse() -> None:
    broken = taken(taken(slower(HISTORY, 0, 40, by_ms=200), 0, 50, cores=0.02), 50, 51, cores=1.0)
    assert verdict(broken) is Verdict.FAIL


def test_a_busy_machine_on_which_all_limits_held_is_no_matter() -> None:
    assert verdict(taken(HISTORY, 0, 100, cores=1.0)) is Verdict.PASS
    assert verdict(taken(outage(HISTORY, 41, 60, [Kind.SEARCH]), 0, 100, cores=1.0)) is Verdict.FAIL


def test_lost_rows_are_a_fail_on_any_machine_and_what_was_slow_beside_them_is_explained() -> None:
    shared = taken(slower(reread(HISTORY, without=[5]), 0, 40, by_ms=200), 50, 62, cores=1.0)
    judgement = judge(shared, LIMITS)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reasons[0].startswith("lost: 1 row")
    assert any("Cores taken by others" in reason for reason in judgement.reasons)


def without_spare_time(history: History) -> History:
    """A quota stops everybody in nine of ten periods, in the steady state already."""
    return taken(history, 0, 100, 0.0, of="0.7", busy="0.7", periods="10", stopped="9")


def test_without_processor_time_nothing_that_takes_time_is_a_fail() -> None:
    for broken in (slower(HISTORY, 0, 40, by_ms=200), outage(HISTORY, 41, 60, [Kind.SEARCH])):
        judgement = judge(without_spare_time(broken), LIMITS)
        assert judgement.verdict is Verdict.INVALID
        assert judgement.reasons[0].startswith(
            "Processor time in the steady state: a quota of 0.7 cores, used up in 90%"
        )
        assert verdict(broken) is Verdict.FAIL


def test_without_processor_time_what_never_comes_back_is_a_fail_and_so_is_a_wrong_answer() -> None:
    down = outage(HISTORY, 41, 100, [Kind.SEARCH])
    for broken in (member(down, 60, "querynode-1", "down"), recall_drop(HISTORY, 41, 46, missed=5)):
        assert verdict(without_spare_time(broken)) is verdict(broken) is Verdict.FAIL


def test_the_lack_of_processor_time_is_the_first_reason_and_told_once() -> None:
    late_and_slow = late(without_spare_time(slower(HISTORY, 0, 40, by_ms=200)), by_ms=400)
    judgement = judge(late_and_slow, LIMITS)
    assert [reason.startswith("Processor time") for reason in judgement.reasons].index(True) == 0
    assert sum(check.what.startswith("Processor time") for check in judgement.validity) == 1
    assert len(judgement.reasons) > 1


def test_without_processor_time_what_held_its_limits_is_a_pass() -> None:
    assert verdict(without_spare_time(HISTORY)) is Verdict.PASS


def test_without_processor_time_a_lost_row_is_a_fail() -> None:
    lost = reread(HISTORY, without=[5])
    assert verdict(without_spare_time(lost)) is verdict(lost) is Verdict.FAIL
