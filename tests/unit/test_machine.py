"""What others take from the machine is told apart from what the run itself uses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.events import said
from harness.evidence.machine.events import CoresTaken
from harness.evidence.machine.watcher import INTERVAL_S, Look, MachineWatcher, MembersS, between, look
from harness.history import Event, EventKind
from harness.platforms.waiting import until
from harness.run.polling import Polling

BURN = "import time; end = time.monotonic() + 20\nwhile time.monotonic() < end: pass"


def test_what_is_not_ours_is_what_others_took() -> None:
    before = Look(10.0, 100.0, 5.0, {1: 50.0, 2: 7.0})
    now = Look(12.0, 103.0, 6.0, {1: 51.0, 3: 0.5})
    assert between(before, now) == pytest.approx((0.75, 0.5))
    assert between(before, Look(11.0, 100.5, 5.0, {1: 51.0})) == (0.0, 0.0)


def test_our_own_processes_are_seen() -> None:
    child = subprocess.Popen([sys.executable, "-c", BURN])
    try:
        assert {os.getpid(), child.pid} <= look({}).own_s.keys()
        assert until(lambda: look({}).own_s[child.pid] > 0.2, 10)
    finally:
        child.kill()
        child.wait()


def test_members_that_are_no_processes_of_ours_may_be_told_of() -> None:
    before = Look(10.0, 100.0, 0.0, {1: 50.0, "node": 5.0})
    assert between(before, Look(12.0, 104.0, 0.0, {1: 51.0, "node": 7.0})) == pytest.approx((0.5, 0.0))
    # A node that was stopped and started counts from nothing again.
    assert between(before, Look(12.0, 104.0, 0.0, {1: 51.0, "node": 0.5})) == pytest.approx((1.5, 0.0))


@pytest.mark.parametrize("members_s", [dict, None])
def test_every_second_it_is_told_how_much_was_taken(members_s: MembersS | None) -> None:
    told: list[Event] = []
    with Polling("machine", MachineWatcher(told.append, members_s).look, INTERVAL_S).going_on():
        assert until(lambda: len(told) >= 2, 10)
    assert {event.kind for event in told} == {EventKind.MACHINE}
    read = [one.value for one in said(told, CoresTaken)]
    assert len(read) == len(told)
    for taken in read:
        assert taken.cores >= taken.stolen >= 0
        assert members_s or taken.cores == taken.stolen
        assert taken.of
