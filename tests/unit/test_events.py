"""What events say is read back as it was said, by its type; what a newer or an older harness says differently too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.events import Names, OfAction, as_event, event, said
from harness.history import Event, EventKind
from harness.store.events import EventLog, read_events


@event("machine", "weighed")
class Weighed:
    """One of the harness's own kinds."""

    grams: float
    by: Names = ()
    twice: int | None = None


@event("sleep", "snored")
class Snored:
    """One of an extension's."""

    times: int


@event("member", "named")
class Named:
    """What has to be there may be empty."""

    label: str


def kept(tmp_path: Path, *events: Event) -> tuple[Event, ...]:
    with EventLog(tmp_path / "events.arrow") as log:
        for one in events:
            log.append(one)
    return read_events(tmp_path / "events.arrow")


@pytest.mark.parametrize(
    "value", [Weighed(0.125), Weighed(1e-9, ("a", "b-1"), 2), Weighed(3, twice=0), Snored(7), Named("")]
)
def test_it_is_read_back_as_it_was_said(tmp_path: Path, value: object) -> None:
    (back,) = said(kept(tmp_path, as_event(value, "who", 5)), type(value))
    assert (back.t_ns, back.name, back.value) == (5, "who", value)
    assert back.what in ("weighed", "snored", "named")


def test_only_those_of_its_kind_and_happening_are_read(tmp_path: Path) -> None:
    others = (Event(1, EventKind.MACHINE, "cpu", "taken", {"cores": "1"}), Event(2, EventKind.NOTE, "who", "weighed"))
    events = kept(tmp_path, *others, as_event(Snored(1), "who", 3), as_event(Weighed(2.0), "cpu", 4))
    assert [one.t_ns for one in said(events, Weighed)] == [4]
    assert [one.t_ns for one in said(events, Snored)] == [3]


def test_the_kind_is_no_fields_name() -> None:
    class Odd:
        kind: str

    with pytest.raises(TypeError, match=r"Odd\.kind: an event's own kind"):
        event("odd")(Odd)


def test_what_a_newer_harness_adds_is_kept_in_the_event_and_left_out_of_the_value(tmp_path: Path) -> None:
    newer = Event(1, EventKind.MACHINE, "cpu", "weighed", {"grams": "2.5", "colour": "red"})
    (event_read,) = kept(tmp_path, newer)
    assert event_read.detail["colour"] == "red"
    assert [one.value for one in said((event_read,), Weighed)] == [Weighed(2.5)]


def test_what_does_not_fit_is_no_value(tmp_path: Path) -> None:
    (odd,) = kept(tmp_path, Event(1, EventKind.MACHINE, "cpu", "weighed", {"grams": "heavy"}))
    with pytest.raises(ValueError, match="grams"):
        list(said((odd,), Weighed))


def test_an_action_names_its_members_in_every_moment() -> None:
    told = (
        Event(1, EventKind.FAULT, "kill", "inject", {"action": "1", "members": "a-1, b-2"}),
        Event(2, EventKind.FAULT, "roll", "member", {"action": "2", "member": "c-1", "what": "ready"}),
        Event(3, EventKind.FAULT, "kill", "healed"),
    )
    assert [one.value.named for one in said(told, OfAction)] == [("a-1", "b-2"), ("c-1",), ()]
    assert [one.what for one in said(told, OfAction)] == ["inject", "member", "healed"]
