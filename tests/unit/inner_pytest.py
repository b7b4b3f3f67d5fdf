"""What a pytest session inside a test is made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

ORDINARY = "def test_ordinary(): pass\n"
SCENARIOS = """
    import pytest
    from harness.api import *

    @scenario(Scenario("one", "The first"), "gate")
    def test_one(outcome):
        assert outcome.passed, outcome.why

    @scenario(Scenario("two", "The second", faults=(Kill(Role.PROXY),)))
    def test_two(outcome):
        assert outcome.passed, outcome.why
"""
