"""Where what is judged begins and ends, also in runs that were cut short."""

from __future__ import annotations

from dataclasses import replace

from harness.checks.windows import windows
from harness.history import NS_PER_S, Event, EventKind
from tests.unit.builders import Recipe, empty, healthy, shifted, without_events

RECIPE = Recipe()
HISTORY = healthy(RECIPE)
EFFECT = RECIPE.at(40)


def test_windows_span_all_faults_and_end_with_the_last_observation() -> None:
    again = tuple(replace(e, t_ns=e.t_ns + 65 * NS_PER_S) for e in HISTORY.events if e.name in ("kill", "observe"))
    twice = replace(HISTORY, events=HISTORY.events + again)
    at = windows(twice)
    assert (at.effect_ns, at.healed_ns, at.end_ns) == (RECIPE.at(40), RECIPE.at(110), RECIPE.at(170))
    assert windows(shifted(HISTORY, 7)).effect_ns == EFFECT + 7


def test_a_fault_that_is_not_seen_healed_is_not_restored() -> None:
    assert windows(without_events(HISTORY, "healed")).restored_ns is None
    other = Event(EFFECT, EventKind.FAULT, "pause", "effect")
    assert windows(replace(HISTORY, events=(*HISTORY.events, other))).restored_ns is None


def test_actions_of_one_name_are_told_apart_by_their_ids() -> None:
    def event(second: float, of: str, what: str) -> Event:
        return Event(RECIPE.at(second), EventKind.FAULT, "kill", what, {"action": of})

    others = tuple(e for e in HISTORY.events if e.kind is not EventKind.FAULT)
    first = (event(40, "1.1", "effect"), event(45, "1.1", "healed"))
    twice = (*first, event(41, "1.2", "effect"), event(47, "1.2", "healed"))
    assert windows(replace(HISTORY, events=(*others, *twice))).healed_ns == RECIPE.at(47)
    never = (*first, event(44, "1.1", "healed"), event(41, "1.2", "effect"))
    assert windows(replace(HISTORY, events=(*others, *never))).healed_ns is None


def test_a_run_cut_short_ends_with_its_last_operation() -> None:
    cut = without_events(HISTORY, "end", EventKind.PHASE)
    cut = replace(cut, operations=cut.operations.between(0, RECIPE.at(60)))
    at = windows(cut)
    assert at.steady is None
    assert (at.begin_ns, at.end_ns) == (RECIPE.at(0), int(cut.operations.intended_ns.max()) + 1)


def test_where_nothing_was_measured_the_steady_state_is_all_that_is_known() -> None:
    unobserved = empty(replace(HISTORY, events=tuple(e for e in HISTORY.events if e.name != "observe")))
    at = windows(unobserved)
    assert (at.begin_ns, at.end_ns) == (RECIPE.at(0), RECIPE.at(40))
    at = windows(without_events(unobserved, "end", EventKind.PHASE))
    assert (at.begin_ns, at.end_ns) == (0, 0)
