"""Figures as text: the unit beside the number, infinity as such, and never rounded across a limit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

THIN = "\u202f"  # narrow no-break space between number and unit, as SI writes it
MINUS = "\u2212"
INFINITE = "\u221e"


def figure_text(value: float, unit: str, limit: float | None = None) -> str:
    """Return a figure as a reader wants it: three significant digits, more where those would hide the verdict."""
    if math.isnan(value):
        return "\u2013"
    if math.isinf(value):
        return INFINITE if value > 0 else MINUS + INFINITE
    number = _digits(value, limit)
    if unit == "x":
        return f"{number}\u00d7"
    return f"{number}{THIN}{unit}" if unit else number


def limit_text(relation: str, limit: float | None, unit: str) -> str:
    """Return a limit with its relation, as in "\u2264 30 s"; a dash where the figure only informs."""
    if limit is None:
        return "\u2013"
    sign = {"<=": "\u2264", ">=": "\u2265", "==": "="}.get(relation, relation)
    return f"{sign}\u00a0{figure_text(limit, unit)}"


def interval_text(interval: tuple[float, float] | None, unit: str) -> str:
    """Return a 95% interval, low to high."""
    if interval is None:
        return "\u2013"
    low, high = interval
    return f"{figure_text(low, unit).split(THIN)[0]} to {figure_text(high, unit)}"


def offset_text(seconds: float) -> str:
    """Return a time relative to the fault, with its sign: "+0.31 s"."""
    size = abs(seconds)
    if size < 0.005:
        return f"0{THIN}s"
    sign = "+" if seconds > 0 else MINUS
    number = f"{size:.2f}" if size < 10 else f"{size:.1f}"
    return f"{sign}{number}{THIN}s"


def count_text(number: int) -> str:
    """Return an integer with its thousands apart."""
    return f"{number:,}".replace(",", THIN)


def plural(number: int, word: str) -> str:
    """Return "1 scenario", "4 scenarios"."""
    return f"{number} {word}" + ("" if number == 1 else "s")


def joined(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _digits(value: float, limit: float | None) -> str:
    """Write three significant digits, more until value and limit compare as they do exactly."""
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    decimals = min(max(decimals, 0), 12)
    while limit is not None and decimals < 12 and _compare(round(value, decimals), limit) != _compare(value, limit):
        decimals += 1
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return (MINUS if value < 0 else "") + text


def _compare(a: float, b: float) -> int:
    return (a > b) - (a < b)


def plain_text(text: str) -> str:
    """Return text that Markdown leaves alone, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
