"""What comparing everything read with everything written costs: python -m benchmarks.ledger [--upto 10000000].

Two reads of all rows of a collection are made up, with some of each violation among them; a fresh process compares them
with a ledger of so many rows. Printed: the seconds this takes it, and the most memory it has, of which the reads
themselves are a part. Ends with 1 where a violation is not found, or memory exceeds 40 bytes a row and 250 MB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

import numpy as np

from harness.checks.data import ledger_of, violations
from harness.checks.keys import written
from harness.checks.versions import versions_of
from harness.history import NS_PER_S, Readback
from harness.store.arrays import read_readback, write_readback
from harness.store.recorded import no_operations

SIZES = (1_000_000, 2_000_000, 5_000_000, 10_000_000)
BYTES_PER_ROW, BYTES_BESIDE = 40, 250_000_000
LOST, PHANTOM, DUPLICATE = 7, 5, 3


def make_up(folder: Path, rows: int) -> None:
    """Write two reads of a collection of so many rows, with some lost, some that nobody wrote and some twice."""
    keys = np.concatenate([np.arange(LOST, rows), np.arange(rows, rows + PHANTOM), np.arange(rows - DUPLICATE, rows)])
    keys.sort()
    versions = np.ones(len(keys), np.int32)
    for number in (1, 2):
        write_readback(folder / f"{number}.npz", Readback(number * NS_PER_S, keys, versions, len(keys)))


def compare(folder: Path, rows: int) -> None:
    """Compare both reads with the ledger; print the seconds it took, and what was found."""
    begin_s = monotonic()
    first, second = (read_readback(folder / f"{number}.npz") for number in (1, 2))
    nothing = no_operations(10)
    found = violations(ledger_of(nothing, rows), versions_of(written(nothing)), rows, first, second)
    print(monotonic() - begin_s, len(found.lost), len(found.phantom), found.duplicate_rows)


def measure(rows: int) -> tuple[float, int, bool]:
    """Do so in a process of its own; return seconds, the most bytes it had, and whether all was found."""
    with tempfile.TemporaryDirectory() as folder:
        make_up(Path(folder), rows)
        command = [sys.executable, "-m", "benchmarks.ledger", "--one", folder, "--upto", str(rows)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout
        seconds, *found = process.stdout.read().decode().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    right = found == [str(LOST), str(PHANTOM), str(DUPLICATE)]
    return float(seconds), usage.ru_maxrss * 1024, right


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--upto", type=int, default=SIZES[-1])
    options.add_argument("--one", type=Path, help="a folder with two reads: compare these")
    given, good = options.parse_args(), True
    if given.one:
        compare(given.one, given.upto)
        return 0
    for rows in (size for size in SIZES if size <= given.upto):
        seconds, most, right = measure(rows)
        print(
            f"{rows:>10,} rows: {seconds:.2f} s, {most / 1e6:.0f} MB" + ("" if right else ", not all found"), flush=True
        )
        good &= right and most <= BYTES_PER_ROW * rows + BYTES_BESIDE
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
