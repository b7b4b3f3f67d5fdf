"""How a test says which scenario it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness.errors import BadInput

if TYPE_CHECKING:  # a pytest session without a scenario does not need it
    from harness.plan.scenario import Scenario

MARK = "harness_scenario"


@dataclass(frozen=True)
class Marked:
    """A scenario with the selections that it belongs to."""

    scenario: Scenario
    selections: tuple[str, ...]


def scenario(value: Scenario, *selections: str) -> pytest.MarkDecorator:
    """Mark a test as running a scenario; it takes the fixture `outcome`. `selections`: e.g. "gate"."""
    from harness.plan.scenario import Scenario  # noqa: PLC0415 - a session without a scenario does not need it

    if not isinstance(value, Scenario):
        raise BadInput(f"{ascii(value)[:60]} is no scenario", where="@scenario", mend="write @scenario(Scenario(...))")
    if wrong := [name for name in selections if not isinstance(name, str)]:
        raise BadInput(f"{wrong[0]!r} is no selection", where="@scenario", mend='name it, as @scenario(..., "gate")')
    mark: pytest.MarkDecorator = getattr(pytest.mark, MARK)
    return mark(Marked(value, selections))


def marked(definition: pytest.Item) -> Marked | None:
    """Return a test's scenario, None for an ordinary test."""
    mark = definition.get_closest_marker(MARK)
    return mark.args[0] if mark else None
