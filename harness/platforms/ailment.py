"""One thing that `harness doctor` looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ailment:
    """What was looked at, and whether it is well. `mend` is a command or a hint, empty where nothing needs mending.

    Without what is `optional` less can be done: the harness's own tests, or another platform."""

    what: str
    ok: bool
    mend: str
    optional: bool = False
