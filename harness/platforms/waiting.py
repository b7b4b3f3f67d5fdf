"""Waiting for a condition, with a deadline."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import retry as retrying
from tenacity import retry_if_result, stop_after_delay, wait_fixed

_POLL_S = 0.05


def until(condition: Callable[[], bool], timeout_s: float, poll_s: float = _POLL_S) -> bool:
    """Wait until a condition holds; False when the time is over first."""
    waiting = retrying(
        retry=retry_if_result(lambda held: not held),
        stop=stop_after_delay(timeout_s),
        wait=wait_fixed(poll_s),
        retry_error_callback=lambda _: False,
    )
    return waiting(condition)()
