"""Run scenarios for CI, where a busy minute of the host must not make good work red.

python -m tests.ci.judged --least 2 -- [options of pytest]: ends as pytest does, with one exception. Where nothing but
the machine kept scenarios from saying anything, they are run again once, without the harness's own second try: three
times in all. If that is so still, it is printed in large letters and the end is 0, as long as so many scenarios were
judged PASS and none FAIL. Any other INVALID stays one.

python -m tests.ci.judged --run reports/RUN: ends with 0 where nothing but the machine kept that run from being judged.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.slo.surroundings import is_lack, is_machines
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunVerdict, Skipped
from harness.verdict import Verdict

_REPORTS = Path("reports")
_INVALID = Verdict.INVALID.exit_code
_BANNER = """
################################################################################
##  NOT JUDGED: THE MACHINE WAS TOO BUSY, THREE TIMES
{lines}
##  Nothing is said of Milvus by these. {passed} other scenarios were judged PASS, none FAIL.
################################################################################
"""


def excused(entry: Judged | Skipped) -> bool:
    """Whether a scenario is INVALID for its machine alone; one that is too slow ends it, so all else is unmet too."""
    if isinstance(entry, Skipped) or entry.judgement.verdict is not Verdict.INVALID:
        return False
    if any(map(is_lack, entry.judgement.validity)):
        return True
    if entry.aborted:
        return False
    unmet = [c for c in entry.judgement.validity if not c.ok and c.otherwise is Verdict.INVALID]
    return bool(unmet) and all(map(is_machines, unmet))


def unjudged(runs: Iterable[RunVerdict], least: int) -> list[Judged] | None:
    """Return the scenarios that only the machine kept from being judged; None where that excuses nothing.

    The last attempt at each scenario counts, over all runs; a FAIL counts wherever it was.
    """
    entries = [entry for run in runs for entry in run.scenarios]
    failed = [e for e in entries if isinstance(e, Judged) and e.judgement.verdict is Verdict.FAIL]
    last = {entry.name: entry for entry in entries}.values()
    passed = [e for e in last if isinstance(e, Judged) and e.judgement.verdict is Verdict.PASS]
    open_ = [entry for entry in last if entry not in passed]
    if failed or len(passed) < least or not all(map(excused, open_)):
        return None
    return [entry for entry in open_ if isinstance(entry, Judged)]


def _run(arguments: Sequence[str]) -> tuple[int, RunVerdict | None]:
    before = set(_REPORTS.glob("2*"))
    done = subprocess.run([sys.executable, "-m", "pytest", "scenarios", *arguments], check=False)
    made = sorted(set(_REPORTS.glob("2*")) - before)
    if not made or not (made[-1] / "verdict.json").exists():
        return done.returncode, None
    if done.returncode and (made[-1] / "summary.md").exists():  # what happened, for a log without the page
        print((made[-1] / "summary.md").read_text(encoding="utf-8"), flush=True)  # noqa: T201 - CI's log
    return done.returncode, RunFolder.open(made[-1]).read_verdict()


def main(arguments: Sequence[str]) -> int:
    """Run, run again what only the machine kept from being judged, and say how it ended."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--least", type=int, default=0, help="so many scenarios must be judged PASS")
    options.add_argument("--run", type=Path, help="look at this run, and run nothing")
    options.add_argument("pytest", nargs="*")
    given = options.parse_args(arguments)
    if given.run:
        return _INVALID if unjudged([RunFolder.open(given.run).read_verdict()], 0) is None else 0
    code, first = _run(given.pytest)
    if code != _INVALID or first is None or unjudged([first], 0) is None:
        return code
    code, second = _run([*given.pytest, "--last-failed", "--harness-retries=0"])
    if code != _INVALID or second is None:
        return code
    left = unjudged([first, second], given.least)
    if left is None:
        return code
    lines = "\n".join(f"##    {entry.name}: {'; '.join(entry.judgement.reasons)}" for entry in left)
    passed = len({e.name for run in (first, second) for e in run.scenarios}) - len(left)
    print(_BANNER.format(lines=lines, passed=passed), flush=True)  # noqa: T201 - CI's log
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
