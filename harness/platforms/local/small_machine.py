"""Where a cluster on one small machine deviates from the release, beside its profile."""

from __future__ import annotations

from typing import Any

from harness.platforms.settings import profile_settings, shipped


def laid_over(profile: str) -> dict[str, Any]:
    """Return every setting by which a local cluster of this profile differs from the release. Errors: BadInput."""
    return {**shipped(__package__, "small_machine.yaml"), **profile_settings(profile)}
