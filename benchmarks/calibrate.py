"""What limits measured runs support: python benchmarks/calibrate.py reports/RUN [reports/RUN ...].

For every scenario in these runs: each figure's value in every run, the worst of them, and the limit that the
shipped profile sets, with their ratio. A calibrated limit is at most 1.5 times the worst of nine runs (for the
figures where less is worse: at most 1.5 times as far from 1). Ends with 1 where a calibrated limit is further off.
The runs themselves: for seed in 1 2 3 4 5 6 7 8 9; do tox -e gate -- --harness-seed $seed; done
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from pathlib import Path

from harness.run.judging import judge_folder
from harness.slo.limits import Limits, load_limits
from harness.store.run_folder import RunFolder
from harness.verdict import SloRow, Verdict

FACTOR = 1.5


def rows_by_scenario(runs: list[Path]) -> dict[str, list[tuple[str, dict[str, SloRow]]]]:
    """Judge every scenario of the runs again; a run that is INVALID measured nothing and is left out, and said."""
    found: dict[str, list[tuple[str, dict[str, SloRow]]]] = defaultdict(list)
    for run in runs:
        for folder in RunFolder.open(run).scenarios():
            record, _, judged = judge_folder(folder)
            if judged.judgement.verdict is Verdict.INVALID:
                print(f"left out: {record.name}, seed {record.seed}: {'; '.join(judged.judgement.reasons)}")
                continue
            found[record.name].append((str(record.seed), {row.figure: row for row in judged.judgement.slos}))
    return found


def worst(rows: list[SloRow]) -> float:
    """Return the worst value of one figure."""
    pick = max if rows[0].relation == "<=" else min
    return pick(row.value for row in rows)


def too_far(row: SloRow, worst_value: float, limit: float) -> bool:
    """Whether a limit is further from the worst value than the factor allows; seconds are whole bins."""
    if row.relation == ">=":
        return 1 - limit > FACTOR * (1 - worst_value) + 1e-9
    return limit > math.ceil(FACTOR * worst_value)


def show(scenario: str, seen: list[tuple[str, dict[str, SloRow]]], limits: Limits) -> bool:
    """Print a scenario's table; return whether a calibrated limit is too far off."""
    print(f"\n## {scenario}\n\n| figure | " + " | ".join(f"seed {s}" for s, _ in seen) + " | worst | limit | ratio |")
    print("|---|" + "---:|" * (len(seen) + 3))
    bad = False
    for figure, limit in limits.given().items():
        rows = [rows[figure] for _, rows in seen]
        value = worst(rows)
        off = limits.calibrated and too_far(rows[0], value, limit)
        bad |= off
        ratio = f"{limit / value:.2f}" if value else "-"
        cells = " | ".join(f"{row.value:.4g}" for row in rows)
        print(f"| {figure} | {cells} | {value:.4g} | {limit:g} | {ratio}{' TOO FAR' if off else ''} |")
    return bad


def main(arguments: list[str]) -> int:
    """Print the tables of the runs named on the command line."""
    tables = rows_by_scenario([Path(argument) for argument in arguments])
    found = [show(name, seen, load_limits("fast", name)) for name, seen in sorted(tables.items())]
    return int(any(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
