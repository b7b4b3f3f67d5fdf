"""What a user sees of a run on its way, and of the machine it ran on."""

from __future__ import annotations

import io
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.run import environment, progress
from harness.run.progress import LiveProgress, PlainProgress


def test_plain_lines_say_a_phase_and_then_every_ten_seconds_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, lines = [100.0], list[str]()
    monkeypatch.setattr(progress, "monotonic", lambda: now_s[0])
    shown = PlainProgress(lines.append)
    shown.phase("steady", 40)
    for second in range(41):
        now_s[0] = 100.0 + second
        shown.tick(second, rate=56.4, errors=3)
    shown.say("done")
    shown.close()
    assert lines == [
        "steady (about 40 s)",
        "steady: 56 operations/s, 3 not ok so far, 30 s left",
        "steady: 56 operations/s, 3 not ok so far, 20 s left",
        "steady: 56 operations/s, 3 not ok so far, 10 s left",
        "steady: 56 operations/s, 3 not ok so far, 0 s left",
        "done",
    ]


def test_a_phase_that_takes_longer_has_no_time_left_and_never_less(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, lines = [0.0], list[str]()
    monkeypatch.setattr(progress, "monotonic", lambda: now_s[0])
    shown = PlainProgress(lines.append)
    shown.phase("load", 1)
    now_s[0] = 60.0
    shown.tick(60, rate=0, errors=0)
    assert lines[-1].endswith(" 0 s left")


class Screen(io.StringIO):
    """A terminal that notes whether it was written to while it could be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.visible, self.hidden_writes = False, 0

    @contextmanager
    def shown(self) -> Iterator[None]:
        self.visible = True
        yield
        self.visible = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.hidden_writes += not self.visible
        return super().write(text)


def test_a_bar_shows_phase_rate_and_errors_only_while_the_terminal_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    screen = Screen()
    shown = LiveProgress(screen, screen.shown)
    shown.tick(1, rate=1, errors=1)  # before the first phase there is nothing to draw
    assert screen.getvalue() == ""
    shown.phase("killed: [steady]", 40)
    shown.tick(10, rate=56.4, errors=3)
    shown.phase("killed: fault", 5)
    shown.say("[bold] is what it says")
    shown.close()
    text = screen.getvalue()
    assert "killed: " in text
    assert "56/s, 3 not ok" in text
    assert "[bold] is what it says" in text
    assert screen.hidden_writes == 0


def test_the_environment_names_the_machine_and_what_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found = environment.environment()
    assert found["python"] == platform.python_version()
    assert {"machine", "system", "milvus-harness", "pymilvus", "locust", "pytest"} < set(found)
    assert "cores" in found["machine"]
    assert all("\n" not in text and text for text in found.values())

    def nothing() -> dict[str, str]:
        raise OSError("no os-release")

    monkeypatch.setattr(platform, "freedesktop_os_release", nothing)
    assert environment.environment()["system"].startswith("Linux, Linux ")
