"""Processes: which is which, whether it lives, stands or has ended, and whose it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.platforms import process
from harness.platforms.process import Process, end_all, end_tagged, orphans, owner_mark, spawn, tagged
from harness.platforms.waiting import until

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start small processes in a folder; what is left of them afterwards is killed."""
    started: list[Process] = []

    def go(*command: str, environment: dict[str, str] | None = None) -> Process:
        started.append(
            spawn(
                command,
                folder=tmp_path / "work",
                log=tmp_path / "log",
                environment={"PATH": os.environ["PATH"]} | (environment or {}),
                tag=tmp_path,
            )
        )
        return started[-1]

    yield go
    assert end_all(started) == []


def environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8").split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def has_exec(one: Process, name: str) -> bool:
    return until(lambda: Path(f"/proc/{one.pid}/comm").read_text(encoding="utf-8").strip() == name, 5)


def test_a_spawned_process_lives_in_its_folder_and_a_session_of_its_own(start: Start, tmp_path: Path) -> None:
    one = start("sleep", "60")
    assert one.alive
    assert not one.paused
    assert has_exec(one, "sleep")
    assert Path(f"/proc/{one.pid}/cwd").resolve() == tmp_path / "work"
    assert os.getsid(one.pid) == one.pid != os.getsid(0)
    assert one.rss_bytes > 0
    assert 0 <= one.uptime_s < 30


def test_a_process_gets_the_environment_it_is_given_and_its_tag_and_nothing_else(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETCD_ENDPOINTS", "elsewhere")
    one = start("sleep", "60", environment={"A": "b c"})
    assert has_exec(one, "sleep")
    found = environment_of(one.pid)
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {name: value for name, value in found.items() if name not in of_the_shell} == {
        "PATH": os.environ["PATH"],
        "A": "b c",
        process.TAG: str(tmp_path),
    }


def test_what_it_says_is_appended_to_a_log_that_only_its_user_reads(start: Start, tmp_path: Path) -> None:
    for word in ("one", "two"):
        assert start("sh", "-c", f"echo {word}; echo {word} >&2").wait_gone(5)
    assert (tmp_path / "log").read_text(encoding="ascii").split() == ["one", "one", "two", "two"]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_arguments_are_handed_over_as_they_are(start: Start, tmp_path: Path) -> None:
    assert start("printf", "%s|", "a b", "$HOME", "'", "").wait_gone(5)
    assert (tmp_path / "log").read_text(encoding="ascii") == "a b|$HOME|'||"


def test_a_program_that_is_not_there_ends_and_says_so(start: Start, tmp_path: Path) -> None:
    assert start("/nowhere/milvus", "run").wait_gone(5)
    assert "/nowhere/milvus" in (tmp_path / "log").read_text(encoding="utf-8")


def test_an_ended_process_is_not_alive_even_as_a_zombie(start: Start) -> None:
    one = start("sleep", "60")
    one.signal(signal.SIGKILL)
    assert one.wait_gone(5)
    assert (one.alive, one.paused, one.rss_bytes, one.uptime_s) == (False, False, 0, 0.0)
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Process.of(child.pid) is None


def test_a_process_can_be_paused_and_go_on(start: Start) -> None:
    one = start("sleep", "60")
    one.signal(signal.SIGSTOP)
    assert until(lambda: one.paused, 5)
    assert one.alive
    one.signal(signal.SIGCONT)
    assert until(lambda: not one.paused, 5)
    assert one.alive


def test_a_pid_that_was_given_to_another_process_is_not_the_same_process(start: Start) -> None:
    one = start("sleep", "60")
    former = Process(one.pid, one.started - 1)
    assert not former.alive
    former.signal(signal.SIGKILL)
    assert one.alive
    assert former.wait_gone(0)


def test_waiting_for_an_end_stops_with_the_time(start: Start) -> None:
    assert not start("sleep", "60").wait_gone(0.05)


def test_a_name_with_brackets_and_spaces_does_not_confuse(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    one = start(str(program), "60")
    assert has_exec(one, "a) Z 1 (b")
    assert one.alive
    assert Process.of(one.pid) == one


def test_no_process_has_a_pid_that_is_not_in_use() -> None:
    assert Process.of(1 << 30) is None
    assert Process.of(os.getpid()) is not None


def test_processes_are_found_by_their_tag_also_those_that_a_member_started(start: Start, tmp_path: Path) -> None:
    one = start("sh", "-c", "sleep 60 & wait")
    assert until(lambda: sum(tag == str(tmp_path) for _, tag in tagged()) == 2, 5)
    assert one in [found for found, tag in tagged() if tag == str(tmp_path)]
    assert end_all([found for found, tag in tagged() if tag == str(tmp_path)]) == []
    assert not one.alive


def test_one_that_was_started_a_moment_ago_is_ended_too(start: Start, tmp_path: Path) -> None:
    # While the shell becomes the program, its environment can't be read.
    for _ in range(30):
        one = start("sleep", "60")
        ended, stuck = end_tagged(str(tmp_path))
        assert one in ended
        assert stuck == []
        assert not one.alive


def test_all_are_ended_the_paused_ones_too(start: Start) -> None:
    both = [start("sleep", "60"), start("sh", "-c", "trap '' TERM INT; exec sleep 60")]
    both[0].signal(signal.SIGSTOP)
    assert end_all(both) == []
    assert not any(one.alive for one in both)


def test_a_process_that_will_not_end_is_told(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    one = start("sleep", "60")
    with monkeypatch.context() as patch:
        patch.setattr(Process, "signal", lambda *_: None)
        assert end_all([one], timeout_s=0.05) == [one]


def test_a_load_generator_is_an_orphan_once_its_owner_is_gone(start: Start) -> None:
    owner = start("sleep", "60")
    mine = start("sleep", "60", environment={process.OWNER: owner_mark()})
    its = start("sleep", "60", environment={process.OWNER: f"{owner.pid}-{owner.started}"})
    odd = start("sleep", "60", environment={process.OWNER: "who-knows"})
    assert all(has_exec(one, "sleep") for one in (mine, its, odd))
    assert not {mine, its, odd} & set(orphans())
    owner.signal(signal.SIGKILL)
    assert owner.wait_gone(5)
    assert {mine, its, odd} & set(orphans()) == {its}


def test_a_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from harness.platforms.process import spawn;"
        "f = Path(sys.argv[1]);"
        "p = spawn(['sleep', '60'], folder=f, log=f / 'log', environment={'PATH': '/usr/bin:/bin'}, tag=f);"
        "print(p.pid, p.started)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    one = Process(*map(int, done.stdout.split()))
    assert one.alive
    assert end_all([one]) == []
