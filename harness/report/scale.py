"""From figures to pixels: linear and logarithmic scales with readable ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class AxisScale:
    """Maps [low, high] to pixels from `bottom` up to `top` (y grows downwards); values outside are clamped."""

    low: float
    high: float
    bottom: float
    top: float
    log: bool = False

    def y(self, value: float) -> float:
        """Return the pixel of a finite value."""
        low, high, value = (
            (math.log10(v) for v in (self.low, self.high, max(value, self.low)))
            if self.log
            else (
                self.low,
                self.high,
                value,
            )
        )
        share = (value - low) / (high - low)
        return self.bottom - min(max(share, 0.0), 1.0) * (self.bottom - self.top)


def linear_ticks(low: float, high: float, most: int = 4) -> tuple[float, ...]:
    """Return at most `most` + 1 round values that cover [low, high]; the outermost may lie beyond it."""
    span = high - low or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(s * power for s in _STEPS if span / (s * power) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(n * step, 12) for n in range(first, last + 1))


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return the powers of ten that cover [low, high], two at least."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return tuple(10.0**n for n in range(first, max(last, first + 1) + 1))
