"""Pairs that are written as key=value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import BadInput


def read_pairs(texts: Iterable[str], *, option: str, what: str) -> Iterator[tuple[str, str]]:
    """Yield key and value of each, without the blanks around them. Errors: BadInput for what is no `what`."""
    for text in texts:
        key, between, value = (part.strip() for part in text.partition("="))
        if not key or not between:
            raise BadInput(f"{text!r} is no {what}", where=option, mend="write it as key=value")
        yield key, value
