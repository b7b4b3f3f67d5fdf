"""The settings profiles that a scenario can run under."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import BadInput

# How long is looked at most at what comes after a fault, where no limit asks for more: less where clients were served
# again for 30 s sooner.
OBSERVE_S: Mapping[str, float] = {"fast": 45.0, "default": 120.0}


def check_profile(profile: str, where: str = "--profile") -> None:
    """Refuse a settings profile that does not exist; `where` is the option that named it. Errors: BadInput."""
    if profile not in OBSERVE_S:
        known = ", ".join(OBSERVE_S)
        raise BadInput(f"there is no settings profile {profile!r}", where=where, mend=f"take one of {known}")
