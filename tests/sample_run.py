"""A made-up run: 30 s steady, a killed query node, 5 s of errors, 3 s of wrong answers, then as before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.checks.answers import answers
from harness.checks.thresholds import DEFAULT
from harness.checks.timeline import timeline
from harness.history import NS_PER_S, Event, EventKind, History, Offered, Operations, Readback, Result, Truth
from harness.kind import Kind
from harness.report.view import RunView, ScenarioView
from harness.slo.judge import judge
from harness.slo.limits import Limits
from harness.store.record import ScenarioRecord
from harness.store.run_record import Judged, RunRecord, RunVerdict, Skipped

T0_NS = 5_000 * NS_PER_S
STEADY_S, ERRORS_S, WRONG_S, OBSERVED_S = 30.0, 5.0, 3.0, 45.0
EFFECT_S = STEADY_S + 2.0
SEARCHES, INSERTS, DELETES, K, QUERIES, ROWS = 50, 5, 1, 10, 40, 2000
FIRST_KEY = 1_000_000_000
LIMITS = {
    "steady_p95_ms": 150.0,
    "steady_p99_ms": 300.0,
    "recovered_p95_ms": 200.0,
    "recovered_p99_ms": 400.0,
    "bad_s": 15.0,
    "availability": 0.75,
    "recover_s": 40.0,
    "write_recover_s": 40.0,
    "wrong_s": 10.0,
    "recall": 0.85,
    "recall_recovered": 0.85,
    "lost_rows": 0.0,
    "resurrected_rows": 0.0,
    "phantom_rows": 0.0,
    "duplicate_rows": 0.0,
    "flipped_rows": 0.0,
}
MEMBERS = (
    "etcd-1",
    "object-store-1",
    "message-queue-1",
    "mixcoord-1",
    "proxy-1",
    "querynode-1",
    "querynode-2",
    "datanode-1",
    "indexnode-1",
)


def at(seconds: float) -> int:
    """A time of the run in ns on its clock."""
    return T0_NS + round(seconds * NS_PER_S)


def truth(inserts: int) -> Truth:
    ids = np.arange(QUERIES * 100, dtype=np.int64).reshape(QUERIES, 100) % ROWS
    distances = np.tile(np.arange(1, 101, dtype=np.float32), (QUERIES, 1))
    return Truth(
        metric="L2",
        k=K,
        rows=ROWS,
        base_ids=ids,
        base_distances=distances,
        written_keys=np.arange(FIRST_KEY, FIRST_KEY + inserts, dtype=np.int64),
        written_distances=np.full((QUERIES, inserts), 500.0, np.float32),
    )


def operations(exact: Truth, *, errors_s: float, wrong_s: float, slow: float, seed: int) -> Operations:
    """Every scheduled operation; the latency is log-normal around 6 ms, `slow` times that after the fault."""
    rng = np.random.Generator(np.random.PCG64(seed))
    total_s = EFFECT_S + OBSERVED_S + 6
    times = {Kind.SEARCH: _times(SEARCHES, 0.0, total_s), Kind.INSERT: _times(INSERTS, 0.007, total_s)}
    times[Kind.DELETE] = _times(DELETES, 0.013, total_s)[12:]
    kind = np.concatenate([np.full(len(t), k, np.uint8) for k, t in times.items()])
    t_s = np.concatenate(list(times.values()))
    order = np.argsort(t_s, kind="stable")
    kind, t_s = kind[order], t_s[order]
    n = len(kind)
    since = t_s - EFFECT_S
    latency_s = rng.lognormal(np.log(0.006), 0.28, n) * np.where(since > errors_s, slow, 1.0)
    latency_s *= np.where((since > errors_s) & (since < errors_s + 4), 6 - (since - errors_s), 1.0)
    failed = (since >= 0.12) & (since < errors_s) & (rng.random(n) < 0.93)
    sent = t_s + rng.exponential(0.0002, n)
    outcome = np.where(failed, np.where(kind == Kind.SEARCH, Result.FAIL, Result.UNKNOWN), Result.OK)
    done = np.where(failed, sent + 0.21, sent + latency_s)
    query = np.where(kind == Kind.SEARCH, np.arange(n) % QUERIES, -1).astype(np.int32)
    hits, distances = _answers(exact, query, failed, (since >= errors_s) & (since < errors_s + wrong_s), rng)
    return Operations(
        op_id=np.arange(n, dtype=np.int64),
        kind=kind,
        intended_ns=T0_NS + np.round(t_s * NS_PER_S).astype(np.int64),
        sent_ns=T0_NS + np.round(sent * NS_PER_S).astype(np.int64),
        done_ns=T0_NS + np.round(done * NS_PER_S).astype(np.int64),
        outcome=outcome.astype(np.uint8),
        query=query,
        hits=hits,
        distances=distances,
        key=_keys(kind),
        key_count=np.where(kind == Kind.SEARCH, 0, 1).astype(np.int32),
        version=np.where(kind == Kind.INSERT, 1, -1),
        error=np.where(failed, "UNAVAILABLE: no available shard delegator found", ""),
    )


def _times(rate: int, phase: float, total_s: float) -> NDArray[np.float64]:
    return np.arange(round(total_s * rate)) / rate + phase


def _keys(kind: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Inserts take fresh keys in order, deletes the oldest ones."""
    keys = np.full(len(kind), -1, np.int64)
    for one in (Kind.INSERT, Kind.DELETE):
        keys[kind == one] = FIRST_KEY + np.arange(int((kind == one).sum()))
    return keys


def _answers(
    exact: Truth,
    query: NDArray[np.int32],
    failed: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """One hit in 25 is the next nearest by chance; while wrong, half of them are far away."""
    searched = query >= 0
    ranks = np.tile(np.arange(K), (len(query), 1))
    ranks[:, -1] += np.where(rng.random(len(query)) < 0.3, 5, 0)
    ranks[wrong] = np.arange(K) * 9
    hits = np.where(searched[:, None], exact.base_ids[query[:, None], ranks], -1)
    distances = np.where(searched[:, None], exact.base_distances[query[:, None], ranks], np.nan)
    hits[failed], distances[failed] = -1, np.nan
    return hits.astype(np.int64), distances.astype(np.float32)


def events(name: str = "kill querynode-1", *, healed_s: float = 6.4, wait_s: float = EFFECT_S) -> tuple[Event, ...]:
    member, effect = EventKind.MEMBER, wait_s
    before = [Event(at(-20), EventKind.PHASE, "provision", "begin"), Event(at(-1), EventKind.PHASE, "provision", "end")]
    ups = [Event(at(-9 + n / 4), member, m, "up", {"version": "2.3.5"}) for n, m in enumerate(MEMBERS)]
    after = [
        Event(at(0), EventKind.PHASE, "steady", "begin"),
        Event(at(STEADY_S), EventKind.PHASE, "steady", "end"),
        Event(at(STEADY_S + 0.5), EventKind.PHASE, "fault", "begin"),
        Event(at(effect - 0.05), EventKind.FAULT, name, "inject", {"member": "querynode-1", "signal": "SIGKILL"}),
        Event(at(effect + 0.01), member, "querynode-1", "down", {"pid": "4711"}),
        Event(at(effect), EventKind.FAULT, name, "effect", {"pid": "4711 gone"}),
        Event(at(effect + 1), EventKind.FAULT, name, "heal"),
        Event(at(effect + healed_s - 0.1), member, "querynode-1", "up", {"version": "2.3.5", "pid": "4802"}),
        Event(at(effect + healed_s), EventKind.FAULT, name, "healed"),
        Event(at(effect + healed_s + 0.1), EventKind.PHASE, "fault", "end"),
        Event(at(effect + healed_s + 0.1), EventKind.PHASE, "observe", "begin"),
        Event(at(effect + OBSERVED_S), EventKind.PHASE, "observe", "end"),
    ]
    return tuple(sorted([*before, *ups, *after], key=lambda event: event.t_ns))


def history(*, errors_s: float = ERRORS_S, wrong_s: float = WRONG_S, slow: float = 1.1, seed: int = 7) -> History:
    """A complete history with two equal readbacks of everything that was acknowledged."""
    exact = truth(inserts=INSERTS * round(EFFECT_S + OBSERVED_S + 6))
    done = operations(exact, errors_s=errors_s, wrong_s=wrong_s, slow=slow, seed=seed)
    keys = _left(done)
    readbacks = tuple(
        Readback(at(EFFECT_S + OBSERVED_S + 8 + 12 * n), keys, np.ones(len(keys), np.int32), len(keys))
        for n in range(2)
    )
    rates = dict.fromkeys(Kind, 0.0) | {Kind.SEARCH: SEARCHES, Kind.INSERT: INSERTS, Kind.DELETE: DELETES}
    traffic = Offered(rates, 1, K, NS_PER_S)
    return History(done, events(), exact, readbacks, traffic, complete=True)


def _left(done: Operations) -> NDArray[np.int64]:
    ok = done.outcome == Result.OK
    inserted, deleted = (done.key[ok & (done.kind == kind)] for kind in (Kind.INSERT, Kind.DELETE))
    return np.concatenate([np.arange(ROWS, dtype=np.int64), np.sort(np.setdiff1d(inserted, deleted))])


def record(name: str = "query-node-killed", title: str = "Killed query node", **changes: object) -> ScenarioRecord:
    plain = ScenarioRecord(
        name=name,
        title=title,
        seed=7,
        platform="local",
        profile="fast",
        plan=(
            "start the cluster: Milvus 2.3.5, 2 query nodes (about 20 s)",
            "load 10,000 rows x 128 in 8 segments",
            "offer 50 searches, 5 inserts, 1 delete a second",
            "observe the steady state (30 s)",
            "kill querynode-1 (SIGKILL); start it again 1 s later",
            "wait until it serves again (at most 60 s)",
            "observe (45 s)",
            "read everything back twice, Strong, 10 s apart",
        ),
        command="harness run query-node-killed --seed 7 --profile fast",
        started="2025-03-14T09:26:53+00:00",
        milvus="2.3.5",
        data={"rows": "10000", "dimension": "128", "distribution": "clustered", "index": "IVF_FLAT nlist 128, L2"},
        traffic={
            "search_rate": SEARCHES,
            "insert_rate": INSERTS,
            "delete_rate": DELETES,
            "upsert_rate": 0,
            "read_rate": 0,
            "stock_rate": 0,
            "rows_per_insert": 1,
            "deadline_s": 1.0,
            "k": K,
        },
        limits=LIMITS,
        calibrated=False,
        faults=1,
        settings={"queryCoord.heartbeatTimeout": "2s", "common.session.ttl": "10"},
        versions=dict.fromkeys(MEMBERS, "2.3.5"),
        versions_after=dict.fromkeys(MEMBERS, "2.3.5"),
        environment={"cpu": "8 cores", "memory": "32 GiB", "kernel": "Linux 6.1", "python": "3.11.2"},
        complete=True,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names of fields, given by the tests


def view(past: History | None = None, about: ScenarioRecord | None = None, **limits: float) -> ScenarioView:
    """A scenario judged by LIMITS with some of them changed."""
    past, about = past or history(), about or record()
    judgement = judge(past, Limits(**{**LIMITS, **limits}))  # type: ignore[arg-type]  # floats all
    folder = f"scenarios/{about.name}"
    files = ("events.arrow", "operations-1.arrow", "readback-1.npz", "scenario.json", "schedule.arrow", "truth.npz")
    answered = answers(past, DEFAULT)
    line = timeline(answered) if len(past.operations) else None
    return ScenarioView(about, judgement, past, answered, DEFAULT, line, folder, files)


def run(*views: ScenarioView, skipped: tuple[Skipped, ...] = ()) -> RunView:
    """A run of these scenarios, then those that were skipped."""
    judged = [Judged(v.record.name, v.record.title, v.folder, v.judgement, v.record.aborted) for v in views]
    about = RunRecord(
        selection="gate",
        seed=7,
        started="2025-03-14 09:26:53 UTC",
        command="tox -e gate -- --seed 7",
        platform="local",
        profile="fast",
        milvus="2.3.5",
        environment={"Machine": "Linux 6.1 x86_64, 8 cores, 32 GiB"},
    )
    return RunView(about, RunVerdict.of([*judged, *skipped]), {v.folder: v for v in views})


def without_traffic(past: History) -> History:
    """What is left of a run that was stopped before its traffic began."""
    nothing = past.operations.where(np.zeros(len(past.operations), np.bool_))
    early = tuple(event for event in past.events if event.t_ns < T0_NS)
    return replace(past, operations=nothing, events=early, readbacks=(), complete=False)
