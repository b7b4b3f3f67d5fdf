"""Runs in which nothing is wrong: python -m benchmarks.false_alarms [--runs 60] [--seed 1] [--reports reports].

The shipped scenarios with a shorter steady state, each on a fresh cluster and with a seed of its own, by turns with
no fault and with a killed query node, held to the limits that are shipped. Milvus is healthy in all of them, so a FAIL
is a false alarm. No run is repeated or left out; each is a line of the table, printed and kept beside the runs. Ends
with 1 where one is a FAIL, or more than one in twenty INVALID.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.errors import HarnessError
from harness.plan.scenario import Scenario
from harness.platforms.registry import make_platform
from harness.run.environment import environment
from harness.run.options import RunOptions
from harness.run.progress import PlainProgress
from harness.run.scenario_run import Wanted, plan_of, run_scenario
from harness.selftest.scenarios import CALM
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunRecord
from harness.verdict import Verdict
from scenarios.test_no_fault import SCENARIO as NO_FAULT
from scenarios.test_query_node_killed import SCENARIO as QUERY_NODE_KILLED

INVALID_SHARE_MAX = 0.05
# Long enough for the 1,000 searches of a p99. What the limits were calibrated on stays: traffic, and the time observed.
HEALTHY = tuple(
    replace(scenario, thresholds=CALM.thresholds, steady_s=21) for scenario in (NO_FAULT, QUERY_NODE_KILLED)
)
_HEAD = "| seed | scenario | verdict | p95 ms | recovered after s | why |\n|---|---|---|---:|---:|---|"


def commit() -> str:
    """Return the commit that runs, with a + where files differ from it."""
    done = subprocess.run(["git", "describe", "--always", "--dirty=+"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def carry_out(scenario: Scenario, seed: int, run: RunFolder) -> Judged:
    """Run one scenario on a cluster of its own."""
    options = RunOptions(seed=seed, reports=run.path.parent)
    platform = make_platform(options.platform)
    wanted = Wanted(plan_of(scenario, "fast", 1, options, platform), name_of(scenario, seed), "")
    return run_scenario(wanted, options, platform, run, PlainProgress(_silent))


def name_of(scenario: Scenario, seed: int) -> str:
    """Return what a run of a scenario is called."""
    return f"{scenario.name}-{seed}"


def line(scenario: Scenario, seed: int, judged: Judged) -> str:
    """Return a run's line of the table."""
    judgement = judged.judgement
    values = {row.figure: row.value for row in judgement.slos}
    shown = (f"{values[name]:.1f}" if name in values else "" for name in ("steady_p95_ms", "recover_s"))
    why = "; ".join(judgement.reasons)
    return f"| {seed} | {scenario.name} | {judgement.verdict} | {' | '.join(shown)} | {why} |"


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--reports", type=Path, default=Path("reports"))
    given, started = options.parse_args(), datetime.now(UTC).isoformat(timespec="seconds")
    command = f"python -m benchmarks.false_alarms --runs {given.runs} --seed {given.seed}"
    planned = [(HEALTHY[number % 2], given.seed + number) for number in range(given.runs)]
    selected = tuple(name_of(*each) for each in planned)
    record = RunRecord("false-alarms", given.seed, started, command, environment=environment(), selected=selected)
    run, verdicts = RunFolder.create(given.reports, record), Counter[Verdict]()
    with (run.path / "false-alarms.md").open("w", encoding="utf-8") as table:
        _tell(f"{started[:10]}, commit {commit()}: `{command}`\n\n{_HEAD}", table)
        for scenario, seed in planned:
            judged = carry_out(scenario, seed, run)
            verdicts[judged.judgement.verdict] += 1
            _tell(line(scenario, seed, judged), table)
        _tell("\n" + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()), table)
    return 1 if verdicts[Verdict.FAIL] or verdicts[Verdict.INVALID] > INVALID_SHARE_MAX * given.runs else 0


def _silent(_: str) -> None:
    """Say nothing: the table does."""


def _tell(text: str, table: TextIO) -> None:
    for place in (sys.stdout, table):
        print(text, file=place, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as error:
        sys.exit(str(error))
