"""What comparing everything read with everything written costs: python -m benchmarks.ledger [--upto 10000000].

Of the rows of a collection nine tenths were loaded and one tenth inserted by operations, some of which were deleted or
upserted afterwards. Two reads of all rows are made up, with some of each violation among them; a fresh process
compares them with the ledger. Printed: the seconds this takes it, and the most memory it has, of which reads and
operations themselves are a part. Ends with 1 where a violation is not found, or memory exceeds 40 bytes a row, 100
bytes an operation and 250 MB.
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

from harness.checks.keys import written
from harness.checks.versions import versions_of
from harness.evidence.data.rows import ledger_of, violations
from harness.history import NS_PER_MS, NS_PER_S, Operations, Readback, Result
from harness.kind import Kind
from harness.store.arrays import read_readback, write_readback
from harness.store.recorded import no_operations

SIZES = (1_000_000, 2_000_000, 5_000_000, 10_000_000)
BYTES_PER_ROW, BYTES_PER_OPERATION, BYTES_BESIDE = 40, 100, 250_000_000
LOST, RESURRECTED, STALE, PHANTOM, DUPLICATE = 7, 4, 6, 5, 3


def loaded(rows: int) -> int:
    """Return how many of the rows were loaded; all others were inserted."""
    return rows - rows // 10


def changed(rows: int) -> tuple[int, int]:
    """Return the first of the keys that are deleted, rows // 100 of them, and of as many that are upserted."""
    return loaded(rows), loaded(rows) + rows // 100


def operations_of(rows: int) -> int:
    """Return how many operations there are: an insert of each row that was not loaded, deletes and upserts."""
    return rows - loaded(rows) + 2 * (rows // 100)


def operations(rows: int) -> Operations:
    """Return what inserted, deleted and upserted them, one key an operation and one a millisecond, all acknowledged."""
    deleted, upserted = (np.arange(begin, begin + rows // 100) for begin in changed(rows))
    inserted = np.arange(loaded(rows), rows)
    keys = np.concatenate([inserted, deleted, upserted])
    kinds = np.repeat([Kind.INSERT, Kind.DELETE, Kind.UPSERT], [len(inserted), len(deleted), len(upserted)])
    op_id, nothing = np.arange(len(keys)), no_operations(1)
    return Operations(
        op_id=op_id,
        kind=kinds.astype(np.uint8),
        intended_ns=op_id * NS_PER_MS,
        sent_ns=op_id * NS_PER_MS,
        done_ns=(op_id + 1) * NS_PER_MS,
        outcome=np.full(len(keys), Result.OK, np.uint8),
        query=np.full(len(keys), -1, np.int32),
        hits=np.broadcast_to(np.int64(-1), (len(keys), *nothing.hits.shape[1:])),
        distances=np.broadcast_to(np.float32(0), (len(keys), *nothing.distances.shape[1:])),
        key=keys,
        key_count=np.ones(len(keys), np.int32),
        version=np.where(kinds == Kind.UPSERT, 2, 1),
        error=np.full(len(keys), "", object),
    )


def make_up(folder: Path, rows: int) -> None:
    """Write two reads of a collection of so many rows, in which some of everything is wrong."""
    deleted, upserted = changed(rows)
    keys = np.concatenate(
        [
            np.arange(LOST, deleted + RESURRECTED),
            np.arange(upserted, rows + PHANTOM),
            np.arange(rows - DUPLICATE, rows),
        ]
    )
    keys.sort()
    fresh = (keys >= upserted + STALE) & (keys < upserted + rows // 100)
    versions = np.where(fresh, 2, 1).astype(np.int32)
    for number in (1, 2):
        write_readback(folder / f"{number}.npz", Readback((10**6 + number) * NS_PER_S, keys, versions, len(keys)))


def compare(folder: Path, rows: int) -> None:
    """Compare both reads with the ledger; print the seconds it took, and what was found."""
    done = operations(rows)
    begin_s = monotonic()
    first, second = (read_readback(folder / f"{number}.npz") for number in (1, 2))
    found = violations(ledger_of(done, loaded(rows)), versions_of(written(done)), loaded(rows), first, second)
    counts = (len(keys) for keys in (found.lost, found.resurrected, found.stale, found.phantom))
    print(monotonic() - begin_s, *counts, found.duplicate_rows)


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
    right = found == [str(count) for count in (LOST, RESURRECTED, STALE, PHANTOM, DUPLICATE)]
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
        good &= right and most <= BYTES_PER_ROW * rows + BYTES_PER_OPERATION * operations_of(rows) + BYTES_BESIDE
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
