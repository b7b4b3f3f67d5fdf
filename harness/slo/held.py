"""What figures are held to in one run: its limits with their multiples worked out, and what kind each one is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from harness.slo.evidence import figures
from harness.slo.limits import Limits
from harness.slo.multiples import Bases, Multiples
from harness.verdict import LimitKind

# The parts of the yardstick, by the multiples that rest on them.
_PARTS = {"client": "clients", "search": "searches"}
# A number with this unit is one machine's, or a ratio to the same run; all else is counted, and Milvus's own.
_KINDS = {"ms": LimitKind.SLO, "s": LimitKind.SLO, "x": LimitKind.RELATIVE}


@dataclass(frozen=True)
class Held:
    """Limits as numbers, by figure; `kinds` and `basis` tell of each, and of those that could not be worked out.

    `unrecorded` are figures that may be missing, since the harness that recorded the run did not look at them;
    `yardstick` the parts of it that limits rest on.
    """

    limits: Mapping[str, float]
    kinds: Mapping[str, LimitKind]
    basis: Mapping[str, str]
    calibrated: bool
    unrecorded: Collection[str] = field(default_factory=frozenset)
    yardstick: tuple[str, ...] = ()


def held_to(limits: Limits, bases: Bases, *, older: bool = False) -> Held:
    """Work the limits out. One whose base nobody knows is left out, and said so in `basis`.

    `older`: the harness that recorded the run did not look at all of it.
    """
    units = {figure.name: figure.unit for figure in figures()}
    given = limits.amounts
    amounts = {name: limit.amount(bases) if isinstance(limit, Multiples) else limit for name, limit in given.items()}
    told = {name: limit.told(bases) for name, limit in given.items() if isinstance(limit, Multiples)}
    return Held(
        limits={name: value for name, value in amounts.items() if value is not None},
        kinds={name: _kind(units[name], limit) for name, limit in given.items()},
        basis={name: text if amounts[name] is not None else f"not judged: {text}" for name, text in told.items()},
        calibrated=limits.calibrated,
        unrecorded={figure.name for figure in figures() if older and figure.newer},
        yardstick=tuple(part for part, factor in _PARTS.items() if any(getattr(m, factor, 0) for m in given.values())),
    )


def _kind(unit: str, limit: float | Multiples) -> LimitKind:
    if isinstance(limit, Multiples):
        return LimitKind.RELATIVE if limit.relative else LimitKind.MILVUS
    return _KINDS.get(unit, LimitKind.MILVUS)
