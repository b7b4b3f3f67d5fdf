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


def refused(result: pytest.RunResult, said: str) -> None:
    """One line on stderr, exit code 4, nothing else."""
    lines = [line for line in result.errlines if line.strip()]
    assert result.ret == 4, result.outlines
    assert len(lines) == 1, lines
    assert lines[0].startswith("ERROR: ")
    assert said in lines[0]
    assert "Traceback" not in "".join(result.outlines)
    assert "INTERNALERROR" not in "".join(result.outlines)
