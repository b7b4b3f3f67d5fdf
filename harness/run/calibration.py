"""Which absolute limits healthy runs support on their own machine, with how sure that is.

A limit is 1.5 times the worst value, rounded down to two digits (where less is worse, 1.5 times as far from 1). What
was perfect in all runs gets the smallest step that noise can make: one bin of a second, or the 1% of errors that a
steady state may have. Data has no slack: 0. n runs, each hit at a random phase, all under a value: with a chance of
1 - 0.9^n nine in ten are (order statistics).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.run.judging import judge_folder
from harness.slo.evidence import figures
from harness.slo.figure import Figure, Limited
from harness.slo.limits import limitable
from harness.store.run_folder import RunFolder
from harness.verdict import SloRow, Verdict

FACTOR = 1.5
ERROR_BUDGET = 0.01


@dataclass(frozen=True)
class Seen:
    """The values of every figure of one scenario, run by run: those of its seeds, in order."""

    scenario: str
    seeds: tuple[int, ...]
    rows: Mapping[str, tuple[SloRow, ...]]

    @property
    def sure(self) -> float:
        """How sure it is that nine in ten runs stay under the worst of these."""
        return float(1 - 0.9 ** len(self.seeds))

    def limits(self) -> dict[str, float]:
        """Return the limits that the runs support, by figure; none on what was not measured or never reached."""
        found = {name: supported(rows[0], worst(rows)) for name, rows in self.rows.items()}
        return {name: limit for name, limit in found.items() if math.isfinite(limit)}


def seen_in(runs: Iterable[RunFolder], left_out: list[str]) -> Iterator[Seen]:
    """Yield what healthy runs gave, scenario by scenario. What did not PASS is told in `left_out` instead."""
    found: dict[str, list[tuple[int, dict[str, SloRow]]]] = defaultdict(list)
    limited = {figure.name for figure in limitable()}
    for run in runs:
        for folder in run.scenarios():
            record, _, judged = judge_folder(folder)
            if judged.judgement.verdict is Verdict.PASS:
                # What an SLO is made of; the figures beside them inform.
                rows = {row.figure: row for row in judged.judgement.slos if row.figure in limited}
                found[record.scenario].append((record.seed, rows))
            else:
                why = "; ".join(judged.judgement.reasons)
                left_out.append(f"{record.name}, seed {record.seed}: {judged.judgement.verdict}: {why}")
    for scenario, those in found.items():
        common = set.intersection(*(set(rows) for _, rows in those))
        figures = (name for name in those[0][1] if name in common)
        yield Seen(scenario, tuple(seed for seed, _ in those), {f: tuple(r[f] for _, r in those) for f in figures})


def worst(rows: Collection[SloRow]) -> float:
    """Return the worst value of one figure, NaN where one was not measured."""
    values = [row.value for row in rows]
    if any(map(math.isnan, values)):
        return math.nan
    return max(values) if next(iter(rows)).relation == "<=" else min(values)


def supported(row: SloRow, worst_value: float) -> float:
    """Return the laxest limit that a worst value supports; NaN where none can be drawn from it."""
    (figure,) = (one for one in figures() if one.name == row.figure)
    if figure.limited is Limited.ZERO:
        return 0.0
    return _supported(row, figure, worst_value) if math.isfinite(worst_value) else math.nan


def _supported(row: SloRow, figure: Figure, worst_value: float) -> float:
    if figure.limited is Limited.SHARE:
        return math.ceil(1000 * (1 - max(FACTOR * (1 - worst_value), ERROR_BUDGET))) / 1000
    if figure.limited is Limited.SECONDS and not figure.endless:  # counted in bins of a second
        return max(1.0, float(math.floor(FACTOR * worst_value)))
    if worst_value <= 0:
        return 0.0  # counts of what should never be
    if row.relation == ">=":
        return worst_value / FACTOR
    step = math.pow(10, math.floor(math.log10(FACTOR * worst_value)) - 1)
    return round(math.floor(FACTOR * worst_value / step) * step, 6)


def as_toml(seen: Iterable[Seen], about: Iterable[str]) -> str:
    """Return a file of limits; `about` are lines of what they come from."""
    lines = [f"# {line}" for line in about]
    for one in seen:
        seeds = ", ".join(map(str, one.seeds))
        lines += [
            "",
            f"# {len(one.seeds)} healthy runs, seeds {seeds}: {one.sure:.0%} sure that nine in ten are as good",
        ]
        lines += [f"[{one.scenario}]", "calibrated = true"]
        lines += [f"{figure} = {limit:g}" for figure, limit in one.limits().items()]
    return "\n".join(lines) + "\n"
