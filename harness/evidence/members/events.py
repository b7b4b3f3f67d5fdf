"""What is written down of members beside their lives."""

from __future__ import annotations

from harness.events import event


@event("member", "version")
class VersionReported:
    """What a member says that it is."""

    version: str


@event("member", "declared")
class ReleaseDeclared:
    """The release that was asked for."""

    version: str


@event("member", "serving")
class Serving:
    """How many query nodes serve segments, of how many that live, and how many segments there are."""

    nodes: int
    of: int
    segments: int
