"""Limits on figures, and the verdict: `load_limits` reads the one, `judge` gives the other."""

from harness.slo.judge import judge
from harness.slo.limits import PROFILES, SCENARIOS, Limits, load_limits

__all__ = ["PROFILES", "SCENARIOS", "Limits", "judge", "load_limits"]
