"""How long it takes to judge and draw a run, and how much memory: python -m benchmarks.judging [--upto 10000000].

Runs of one million operations and more are made up (healthy traffic of every kind, with one outage of 20 s in the
middle; some inserted rows come near to what is asked, and each tenth answer misses a neighbour) and written as a
scenario's folder; a fresh process then reads, judges and draws each as `harness report` does.
Printed: the seconds this takes it, and the most memory it has. Ends with 1 where a million take more than 3 s or 1 GB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.evidence.data.rows import ledger_of
from harness.history import NS_PER_MS, NS_PER_S, Event, EventKind, Readback, Result, Truth
from harness.kind import SEARCHES, Kind
from harness.load.dataset import load_dataset, written_vectors
from harness.load.operations import read_operations
from harness.load.recorder import END, HEADER, SCHEMA
from harness.load.schedule import Schedule, make_schedule, save_schedule
from harness.load.truth import exact_truth
from harness.plan.specs import DataSpec, TrafficSpec
from harness.report.page import fragment
from harness.run.judging import review
from harness.slo.evidence import figures
from harness.store.record import ScenarioRecord
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord
from harness.store.scenario_folder import ScenarioFolder

MILLION = 1_000_000
MOST_S, MOST_GB = 3.0, 1.0
SPEC = DataSpec(rows=10_000, dim=8, queries=200, index="FLAT")
# Ten times the traffic of a scenario: a million operations in 25 minutes.
TRAFFIC = TrafficSpec(search_rate=500, insert_rate=50, delete_rate=10, upsert_rate=20, read_rate=50, stock_rate=50)
T0_NS = 1000 * NS_PER_S
DEADLINE_NS = round(TRAFFIC.deadline_s * NS_PER_S)
OUTAGE_S, LATENCY_NS = 20, 5 * NS_PER_MS
NEAR, MISSED_SHARE = 500, 0.1  # of the inserted rows, however many; of the answers
_BATCH = 50_000


def make_up(reports: Path, count: int) -> Path:
    """Write a run of so many operations; return its folder."""
    record = RunRecord("made-up", 1, "2026-01-01T00:00:00+00:00", "python -m benchmarks.judging", selected=("made-up",))
    run = RunFolder.create(reports, record)
    folder, seconds = run.new_scenario("made-up"), count / sum(TRAFFIC.rates.values())
    schedule, dataset = make_schedule(TRAFFIC, seconds, SPEC.queries, 1), load_dataset(SPEC, 1)
    written = written_vectors(SPEC, dataset, len(schedule.written_keys), 1)
    far = np.ones(len(written), np.bool_)
    far[:: max(1, len(far) // NEAR)] = False
    written[far] += np.float32(1000)
    truth = exact_truth(SPEC, dataset, schedule, written, reports / "cache")
    folder.write_truth(truth)
    save_schedule(folder.path, schedule, dataset.queries, written[:1])
    begin_ns = T0_NS + round(seconds / 2) * NS_PER_S
    outage = (begin_ns, begin_ns + OUTAGE_S * NS_PER_S)
    write_stream(folder.path, schedule, truth, outage)
    write_events(folder, T0_NS + round(seconds) * NS_PER_S, outage)
    write_reads(folder, schedule, T0_NS + round(seconds + 5) * NS_PER_S)
    folder.write_record(replace(scenario_record(), digests=folder.digests()))
    return run.path


def write_stream(folder: Path, schedule: Schedule, truth: Truth, outage: tuple[int, int]) -> None:
    """Write what a load process would have recorded."""
    intended = schedule.offset_ns + T0_NS
    failed = (intended >= outage[0]) & (intended < outage[1])
    read, upsert = schedule.kind == Kind.READ, schedule.kind == Kind.UPSERT
    # Reads look for the newest upsert that had come through: none does while it is out.
    done = np.maximum.accumulate(np.where(upsert & ~failed, schedule.version, 0))
    columns: dict[str, NDArray[Any]] = {
        "op_id": schedule.op_id,
        "kind": schedule.kind,
        "intended_ns": intended,
        "sent_ns": intended + NS_PER_MS // 10,
        "done_ns": intended + LATENCY_NS,
        "outcome": np.where(failed, Result.FAIL, Result.OK),
        "error": np.where(failed, "UNAVAILABLE: the server is not there, and this is how it says so", ""),
        "query": schedule.query,
        "key": schedule.key,
        "key_count": schedule.key_count,
        "version": np.where(read, done, schedule.version),
    }
    answered = np.isin(schedule.kind, SEARCHES) & ~failed
    with (folder / "operations-0-1.arrow").open("xb") as file:
        file.write(HEADER)
        for begin in range(0, len(schedule), _BATCH):
            rows = slice(begin, begin + _BATCH)
            lists = _lists(truth, schedule.query[rows], answered[rows])
            plain = {name: pa.array(column[rows], SCHEMA.field(name).type) for name, column in columns.items()}
            arrays = plain | lists
            batch = pa.record_batch([arrays[field.name] for field in SCHEMA], schema=SCHEMA)
            file.write(batch.serialize().to_pybytes())
        file.write(END)


def _lists(truth: Truth, queries: NDArray[np.int32], answered: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Return the hits and distances of a batch: the nearest loaded rows, none for what has no answer."""
    ends = np.concatenate([[0], np.cumsum(np.where(answered, SPEC.k, 0))]).astype(np.int32)
    asked = queries[answered]
    places = np.tile(np.arange(SPEC.k), (len(asked), 1))
    places[np.random.default_rng(1).random(len(asked)) < MISSED_SHARE, -1] += 1
    hits, distances = (each[asked[:, None], places].ravel() for each in (truth.base_ids, truth.base_distances))
    return {
        "hits": pa.ListArray.from_arrays(ends, pa.array(hits, pa.int64())),
        "distances": pa.ListArray.from_arrays(ends, pa.array(distances, pa.float32())),
    }


def write_events(folder: ScenarioFolder, end_ns: int, outage: tuple[int, int]) -> None:
    """Write the phases and the fault."""
    steady_ns = outage[0] - 60 * NS_PER_S
    events = [
        Event(steady_ns, EventKind.PHASE, "steady", "begin"),
        Event(outage[0], EventKind.PHASE, "steady", "end"),
        *(Event(outage[0], EventKind.FAULT, "made up", what) for what in ("inject", "effect")),
        Event(outage[1], EventKind.FAULT, "made up", "healed"),
        Event(outage[1], EventKind.PHASE, "observe", "begin"),
        Event(end_ns, EventKind.PHASE, "observe", "end"),
    ]
    with folder.event_log() as log:
        for event in events:
            log.append(event)


def write_reads(folder: ScenarioFolder, schedule: Schedule, t_ns: int) -> None:
    """Write two reads of all that should be there."""
    operations = read_operations(folder.path, schedule, T0_NS, k=SPEC.k, deadline_ns=DEADLINE_NS)
    keys = ledger_of(operations, SPEC.rows).present
    versions = np.ones(len(keys), np.int32)
    upserts = (schedule.kind == Kind.UPSERT) & (operations.outcome == Result.OK)
    last = dict(zip(schedule.key[upserts].tolist(), schedule.version[upserts].tolist(), strict=True))
    for key, version in last.items():
        versions[keys == key] = version
    for number, wait_s in enumerate((0, 11), 1):
        folder.write_readback(number, Readback(t_ns + wait_s * NS_PER_S, keys, versions, len(keys)))


def scenario_record() -> ScenarioRecord:
    """Return what a scenario says of itself."""
    limits = {"recover_s": 60.0, "bad_s": 60.0, "availability": 0.5, **{f.name: 0.0 for f in figures() if f.decides}}
    return ScenarioRecord(
        *("made-up", "Made up", 1, "local", "fast", (), "python -m benchmarks.judging", "2026-01-01T00:00:00+00:00"),
        milvus="2.3.5",
        data={"rows": str(SPEC.rows)},
        traffic=asdict(TRAFFIC) | {"k": SPEC.k},
        limits=limits,
        calibrated=False,
        faults=1,
        complete=True,
    )


def judge_and_draw(run: Path) -> None:
    """Judge a run by its folder and draw its page; print the seconds it took and the verdict."""
    begin_s = monotonic()
    view = review(RunFolder.open(run))
    drawn = len(fragment(view))
    print(f"{monotonic() - begin_s} {view.verdict.verdict} {drawn}")


def measure(run: Path) -> tuple[float, float, str]:
    """Do so in a process of its own; return seconds, the most GB it had, and the verdict."""
    command = [sys.executable, "-m", "benchmarks.judging", "--one", str(run)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout
    said = process.stdout.read().decode().split()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return float(said[0]), usage.ru_maxrss / 1e6, said[1]


def main() -> int:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--upto", type=int, default=10 * MILLION)
    options.add_argument("--one", type=Path, help="a run's folder: judge and draw that")
    given, good = options.parse_args(), True
    if given.one:
        judge_and_draw(given.one)
        return 0
    for count in (MILLION, 2 * MILLION, 5 * MILLION, 10 * MILLION):
        if count > given.upto:
            break
        with tempfile.TemporaryDirectory() as reports:
            seconds, most_gb, verdict = measure(make_up(Path(reports), count))
        print(f"{count:>10,} operations: {seconds:.2f} s, {most_gb:.2f} GB, {verdict}", flush=True)
        good &= count > MILLION or (seconds <= MOST_S and most_gb <= MOST_GB)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
