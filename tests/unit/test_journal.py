"""The undo of a fault survives whatever happens to its writer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cluster import Role
from harness.journal import Journal, Undo, heal, take_back
from tests.unit.fake_cluster import Obedient, OnHardware

names = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
undos = st.builds(Undo, names, st.lists(names, max_size=3).map(tuple), st.booleans())
# Each step: its name, its undo, and whether it came to its end.
steps = st.lists(st.tuples(names, st.lists(undos, max_size=3).map(tuple), st.booleans()), max_size=6)
Steps = list[tuple[str, tuple[Undo, ...], bool]]


class Killed(BaseException):
    """What ends a step before it is over."""


def write(journal: Journal, what: str, undo: tuple[Undo, ...], *, over: bool) -> None:
    with pytest.raises(Killed) if not over else _nothing(), journal.step(what, undo):
        if not over:
            raise Killed


class _nothing:  # noqa: N801 - reads as the context that it is
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def expected(done: Steps) -> list[tuple[str, tuple[Undo, ...]]]:
    return [(what, undo) for what, undo, over in reversed(done) if not over]


def pending(journal: Journal) -> list[tuple[str, tuple[Undo, ...]]]:
    return [(step.what, step.undo) for step in journal.pending()]


def settle(journal: Journal) -> None:
    for step in journal.pending():
        journal.settle(step.number)


@settings(max_examples=50)
@given(done=steps)
def test_what_was_begun_and_not_finished_is_pending_last_first(done: Steps) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "j")
        for what, undo, over in done:
            write(journal, what, undo, over=over)
        assert pending(Journal(Path(folder) / "j")) == expected(done)
        settle(journal)
        assert journal.pending() == []


@settings(max_examples=100)
@given(done=steps, later=steps, data=st.data())
def test_a_file_cut_anywhere_keeps_every_step_that_is_fully_in_it_and_all_that_come_after(
    done: Steps, later: Steps, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "j"
        journal = Journal(file)
        for what, undo, over in done:
            write(journal, what, undo, over=over)
        content = file.read_bytes() if done else b""
        cut = data.draw(st.integers(0, len(content)), label="cut")
        file.write_bytes(content[:cut])
        left = _steps_in(done, content, cut)
        assert pending(journal) == expected(left)
        for what, undo, over in later:
            write(journal, what, undo, over=over)
        assert pending(journal) == expected(left + later)
        settle(journal)
        assert journal.pending() == []


def _steps_in(done: Steps, content: bytes, cut: int) -> Steps:
    """Count by hand what a file that ends at `cut` still says: a line counts without its newline."""
    ends = [at for at, byte in enumerate(content) if byte == ord("\n")]
    whole = sum(end <= cut for end in ends)
    left: Steps = []
    for what, undo, over in done:
        if whole < 1:
            break
        left.append((what, undo, over and whole >= 2))
        whole -= 2 if over else 1
    return left


def test_a_step_is_on_disk_before_it_is_done(tmp_path: Path) -> None:
    undo = Undo("start", ("querynode-1",))
    with Journal(tmp_path / "j").step("kill", (undo,)):
        assert pending(Journal(tmp_path / "j")) == [("kill", (undo,))]
    assert Journal(tmp_path / "j").pending() == []


def test_steps_within_a_step_are_pending_apart(tmp_path: Path) -> None:
    journal, undo = Journal(tmp_path / "j"), Undo("resume", ("a",))
    with pytest.raises(Killed), journal.step("traffic"), journal.step("pause", (undo,)):
        raise Killed
    assert pending(journal) == [("pause", (undo,)), ("traffic", ())]


def test_nothing_is_pending_where_there_is_no_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "none")
    assert journal.pending() == []
    assert not (tmp_path / "none").exists()


def test_a_cluster_of_somebody_elses_has_its_journal_nowhere() -> None:
    journal = Journal(Path(os.devnull))
    with journal.step("send traffic", (Undo("start", ("a",)),)):
        assert journal.pending() == []


def test_undoing_does_what_was_written_and_twice_does_no_harm(tmp_path: Path) -> None:
    cluster = Obedient(tmp_path)
    cluster.kill("proxy-1")
    cluster.pause("querynode-1")
    cluster.calls.clear()
    undo = (
        Undo("start", ("proxy-1",)),
        Undo("resume", ("querynode-1",)),
        Undo("scale", (Role.QUERY_NODE, "3")),
    )
    for one in undo * 2:
        take_back(cluster, one)
    assert cluster.calls == ["start proxy-1", "resume querynode-1", "scale querynode 3"] * 2
    assert {name for name in cluster.there if name.startswith("querynode")} == {f"querynode-{n}" for n in (1, 2, 3)}
    assert cluster.there["proxy-1"].uid == "2"


@pytest.mark.parametrize(
    "unknown",
    [
        Undo("unfill_disk", ("etcd-1",)),
        Undo("start", ("proxy-1", "querynode-1")),
        Undo("scale", ("querynode", "many")),
        Undo("scale", ("nobody", "2")),
        Undo("_roll", ()),
        Undo("name", ()),
    ],
)
def test_an_undo_that_is_not_known_is_told_and_stays_and_the_others_are_done(tmp_path: Path, unknown: Undo) -> None:
    cluster = Obedient(tmp_path)
    journal = Journal(cluster.journal)
    write(journal, "one", (Undo("start", ("proxy-1",)),), over=False)
    write(journal, "two", (unknown,), over=False)
    healed = heal(cluster)
    assert (healed.unknown, healed.taken_back) == ([unknown], [Undo("start", ("proxy-1",))])
    assert cluster.calls == ["start proxy-1"]
    assert pending(journal) == [("two", (unknown,))]


def test_whoever_removes_the_cluster_takes_back_only_what_would_outlive_it(tmp_path: Path) -> None:
    cluster = OnHardware(tmp_path)
    write(Journal(cluster.journal), "kill", (Undo("start", ("proxy-1",)),), over=False)
    write(Journal(cluster.journal), "drain", (Undo("uncordon", ("a-node",), outlives=True),), over=False)
    assert heal(cluster, what_outlives=True).taken_back == [Undo("uncordon", ("a-node",), outlives=True)]
    assert cluster.calls == ["uncordon a-node"]


def test_the_journal_of_an_older_harness_is_understood(tmp_path: Path) -> None:
    cluster = OnHardware(tmp_path)
    undo = (
        {"verb": "start node", "target": "proxy-node", "value": ""},
        {"verb": "join", "target": "proxy", "value": "etcd"},
        {"verb": "scale", "target": "querynode", "value": "1"},
    )
    cluster.journal.write_text(json.dumps({"step": 0, "what": "stop", "undo": undo}) + "\n", encoding="ascii")
    assert len(heal(cluster).taken_back) == 3
    assert cluster.calls == ["start proxy-node", "join proxy etcd", "scale querynode 1"]
    assert Journal(cluster.journal).pending() == []
