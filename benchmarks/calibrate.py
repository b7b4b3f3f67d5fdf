"""What limits measured runs support: python -m benchmarks.calibrate reports/RUN [reports/RUN ...].

Prints docs/calibration.md's tables: every figure's value in every run, the worst, the absolute limit it supports on
such a machine, and what it was held to; then these limits as TOML. A limit is 1.5 times the worst value, rounded down
to two digits (for figures where less is worse, 1.5 times as far from 1); a figure that was perfect in all runs gets
the smallest step noise can make: one bin of a second, or the 1% of errors that a steady state may have; data has 0.
n runs, each hit at a random phase, all under a value: with a chance of 1 - 0.9^n nine in ten are (order statistics).
Ends with 1 where a figure was never reached.

The runs: for seed in 1 2 3 4 5 6 7 8 9; do tox -e gate -- --harness-seed $seed; done
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from pathlib import Path

from harness.run.judging import judge_folder
from harness.slo.figures import DATA
from harness.slo.limits import Limits, load_limits
from harness.store.record import ScenarioRecord
from harness.store.run_folder import RunFolder
from harness.verdict import SloRow, Verdict

FACTOR = 1.5
ERROR_BUDGET = 0.01
Seen = list[tuple[str, dict[str, SloRow]]]
# A file of limits and a scenario's table in it.
Table = tuple[str, str]


def rows_by_scenario(runs: list[Path]) -> dict[Table, Seen]:
    """Judge every scenario of the runs again; one that is INVALID measured nothing: left out, and said."""
    found: dict[Table, Seen] = defaultdict(list)
    for run in runs:
        for folder in RunFolder.open(run).scenarios():
            record, _, judged = judge_folder(folder)
            if judged.judgement.verdict is Verdict.INVALID:
                print(f"Left out: {record.name}, seed {record.seed}: {'; '.join(judged.judgement.reasons)}\n")
                continue
            rows = {row.figure: row for row in judged.judgement.slos}
            found[shipped_in(record), record.scenario].append((str(record.seed), rows))
    return found


def shipped_in(record: ScenarioRecord) -> str:
    """Return the shipped file of limits for a scenario's platform and settings profile."""
    return record.profile if record.platform == "local" else f"kubernetes-{record.profile}"


def worst(rows: list[SloRow]) -> float:
    """Return the worst value of one figure."""
    pick = max if rows[0].relation == "<=" else min
    return pick(row.value for row in rows)


def supported(row: SloRow, worst_value: float) -> float:
    """Return the laxest limit that a worst value supports."""
    if row.figure in DATA:
        return 0.0
    if math.isinf(worst_value):
        return math.nan  # never reached: no limit can be drawn from that
    if row.relation == ">=":
        return math.ceil(1000 * (1 - max(FACTOR * (1 - worst_value), ERROR_BUDGET))) / 1000
    if row.figure in ("bad_s", "wrong_s"):
        return max(1, math.floor(FACTOR * worst_value))
    if not worst_value:
        return 0.0  # counts of what should never be
    step = math.pow(10, math.floor(math.log10(FACTOR * worst_value)) - 1)
    return round(math.floor(FACTOR * worst_value / step) * step, 6)


def show(table: Table, seen: Seen, limits: Limits) -> tuple[dict[str, float], bool]:
    """Print a scenario's table; return the limits it supports, and whether a figure was never reached."""
    print(f"\n## {table[1]}, {table[0]}, {len(seen)} runs\n")
    print(f"That nine in ten stay under the worst of them is {1 - 0.9 ** len(seen):.0%} sure.\n")
    print("| figure | " + " | ".join(f"seed {seed}" for seed, _ in seen) + " | worst | supported | held to |")
    print("|---|" + "---:|" * (len(seen) + 3))
    found, bad = {}, False
    measured = seen[0][1]
    for figure in (figure for figure in limits.given() if figure in measured):
        rows = [rows[figure] for _, rows in seen]
        found[figure] = supported(rows[0], worst(rows))
        bad |= math.isnan(found[figure])
        cells = " | ".join(f"{row.value:.4g}" for row in rows)
        held = ", ".join(sorted({"-" if row.limit is None else f"{row.limit:.4g}" for row in rows}))
        print(f"| {figure} | {cells} | {worst(rows):.4g} | {found[figure]:g} | {held} |")
    return found, bad


def main(arguments: list[str]) -> int:
    """Print the tables and the TOML of the runs named on the command line."""
    shown = {
        table: show(table, seen, load_limits(*table))
        for table, seen in sorted(rows_by_scenario([Path(argument) for argument in arguments]).items())
    }
    print("\n```toml")
    for (file, name), (found, _) in shown.items():
        print(f"\n# {file}.toml\n[{name}]\ncalibrated = true")
        print("\n".join(f"{figure} = {limit:g}" for figure, limit in found.items() if figure not in DATA))
    print("```")
    return int(any(bad for _, bad in shown.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
