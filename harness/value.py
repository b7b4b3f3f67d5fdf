"""Values that users write: checked as they are made, by type and by sense, with one line for what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from functools import wraps
from typing import Annotated, Any, TypeVar, dataclass_transform, get_type_hints

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from harness.errors import BadInput

T = TypeVar("T")

Count = Annotated[int, Field(ge=1)]
# Nothing that is done or waited for in a scenario takes longer than a day.
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
SecondsOrNone = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


def _plain(given: object) -> object:
    """Return a mapping of any kind as a dictionary: what was checked once may be read-only."""
    return dict(given) if isinstance(given, Mapping) else given


Pairs = BeforeValidator(_plain)

# Exactly what is written: "3" is no number, True no count, and a name that is not known no field.
_EXACTLY = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make a frozen dataclass whose fields are checked as it is made. Making it raises BadInput."""
    made: Any = dataclass(frozen=True, config=_EXACTLY)(cls)
    made.__init__ = _in_one_line(made, made.__init__)
    return made  # type: ignore[no-any-return]  # the same class


def _in_one_line(cls: type, init: Callable[..., None]) -> Callable[..., None]:
    @wraps(init)
    def checked(self: object, *args: object, **named: object) -> None:
        try:
            init(self, *args, **named)
        except ValidationError as error:
            raise _refused(cls, error) from None

    return checked


def _refused(cls: type, error: ValidationError) -> BadInput:
    """Say the first thing that does not fit. Positions are those of fields that were given without a name."""
    first = error.errors(include_url=False)[0]
    names = list(cls.__dataclass_fields__)  # type: ignore[attr-defined]  # only dataclasses come here
    field_name, *inside = (names[at] if isinstance(at, int) and at < len(names) else str(at) for at in first["loc"])
    where = ".".join((cls.__name__, field_name, *inside))
    if first["type"] in ("missing", "missing_argument"):
        return BadInput(f"{field_name} is missing", where=cls.__name__, mend=f"write {cls.__name__}({field_name}=...)")
    if first["type"] == "unexpected_keyword_argument":
        return BadInput(f"there is no {field_name}", where=cls.__name__, mend=f"take one of {', '.join(names)}")
    return BadInput(f"{field_name} is {_shown(first['input'])}", where=where, mend=_mend(cls, field_name, first))


def _shown(given: object) -> str:
    text = ascii(given)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _mend(cls: type, field_name: str, error: ErrorDetails) -> str:
    kind = get_type_hints(cls).get(field_name)
    if isinstance(kind, type) and issubclass(kind, Enum) and not isinstance(error["input"], kind):
        return "take one of " + ", ".join(f"{kind.__name__}.{one.name}" for one in kind)
    said = error["msg"].removeprefix("Value error, ")
    return said[0].lower() + said[1:]
