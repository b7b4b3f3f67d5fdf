"""Which platform a user wants; a module of its own, since every pytest session reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import BadInput
from harness.pairs import read_pairs


@dataclass(frozen=True)
class PlatformChoice:
    """What a user chose: the platform's name, and what was given of its options, by name, as it was written."""

    name: str = "local"
    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, pairs: Sequence[str] = (), **given: object) -> PlatformChoice:
        """Return a choice: `pairs` are key=value, the others by name; what is empty or off was not given.

        Errors: BadInput for a pair without a key or a value.
        """
        named = {key.replace("_", "-"): _text(value) for key, value in given.items() if value}
        written = dict(read_pairs(pairs, option="--platform-option", what="option"))
        for key in (key for key, value in written.items() if not value):
            raise BadInput(f"'{key}=' is no option", where="--platform-option", mend="write it as key=value")
        return cls(name, {**named, **written})

    @property
    def words(self) -> tuple[str, ...]:
        """The options of a command that choose it; none for the default."""
        named = ("--platform", self.name) if self.name != "local" else ()
        return (*named, *(word for pair in self.given.items() for word in ("--platform-option", "=".join(pair))))


def _text(value: object) -> str:
    return "true" if value is True else str(value)
