"""A run's folder and a scenario's: made once, found again, and read back into the same history."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.history import History, Operations, Result
from harness.load.answer import Answer
from harness.load.recorder import Recorder
from harness.load.schedule import SCHEDULE_FILE, Schedule, save_schedule
from harness.store.jsonfile import unsealed, write_sealed
from harness.store.naming import slug
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord
from harness.store.scenario_folder import ScenarioFolder
from tests import sample_run

ENDED_NS = sample_run.at(sample_run.EFFECT_S + sample_run.OBSERVED_S + 0.5)  # a little after the observation
RUN = RunRecord(selection="gate", seed=7, started="2025-03-14T09:26:53+00:00", command="tox -e gate")


def filled(run: RunFolder, past: History, *, complete: bool = True) -> ScenarioFolder:
    """A scenario's folder as a run leaves it, its operations written by the load's own recorder."""
    folder = run.new_scenario("query-node-killed")
    folder.write_record(sample_run.record(complete=complete))
    folder.write_truth(past.truth)
    for number, readback in enumerate(past.readbacks, 1):
        folder.write_readback(number, readback)
    with folder.event_log() as log:
        for event in past.events:
            log.append(event)
    write_operations(folder.path, past.operations, until_ns=ENDED_NS)
    folder.write_record(sample_run.record(complete=complete, digests=folder.digests()))
    return folder


def write_operations(folder: Path, done: Operations, *, until_ns: int) -> None:
    """Schedule everything and record what was intended before the traffic was ended."""
    offsets = done.intended_ns - sample_run.T0_NS
    schedule = Schedule(done.op_id, done.kind, offsets, done.query, done.key, done.key_count, done.version)
    nothing = np.zeros((0, 4), np.float32)
    save_schedule(folder, schedule, nothing, nothing)
    with Recorder(folder, "1", schedule, sample_run.T0_NS) as recorder:
        for n in np.flatnonzero(done.intended_ns < until_ns).tolist():
            hits = [int(hit) for hit in done.hits[n] if hit >= 0]
            distances = [float(d) for d in done.distances[n] if not np.isnan(d)]
            answer = Answer(Result(int(done.outcome[n])), str(done.error[n]), hits, distances)
            recorder.record(n, int(done.sent_ns[n]), int(done.done_ns[n]), answer)


def test_the_name_tells_time_selection_and_seed(tmp_path: Path) -> None:
    assert RunFolder.create(tmp_path, RUN).path.name == "20250314-092653-gate-7"


def test_two_runs_in_one_second_do_not_share_a_folder(tmp_path: Path) -> None:
    names = [RunFolder.create(tmp_path / "reports", RUN).path.name for _ in range(3)]
    assert names == ["20250314-092653-gate-7", "20250314-092653-gate-7-2", "20250314-092653-gate-7-3"]


def test_a_run_is_found_again(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path, replace(RUN, environment={"machine": "8 cores"}))
    assert RunFolder.open(made.path).record() == replace(RUN, environment={"machine": "8 cores"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "not a run's folder"),
        ('{"format": 3}', "format 3 is newer"),
        ('{"format": 2, "selection": "gate"}', "run.json was changed after the harness wrote it"),
        ('{"format": 1, "selection": "gate", "seed": "seven"}', "seed"),
        ("half", "unreadable"),
    ],
)
def test_what_is_no_run_is_told_in_one_line(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(BadInput, match=said) as caught:
        RunFolder.open(tmp_path)
    assert "run.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_of_the_first_format_has_no_seal_and_does_not_say_what_was_selected(tmp_path: Path) -> None:
    old = {name: value for name, value in asdict(RUN).items() if name != "selected"} | {"format": 1}
    (tmp_path / "run.json").write_text(json.dumps(old))
    assert RunFolder.open(tmp_path).record() == replace(RUN, format=1)


def test_a_selection_that_was_edited_is_refused(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, replace(RUN, selected=("a", "b")))
    path = run.path / "run.json"
    document = json.loads(path.read_text())
    document["selected"].remove("b")
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput, match=r"run\.json was changed after the harness wrote it"):
        run.record()


def test_a_scenario_of_another_run_is_refused(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, replace(RUN, selected=("a",)))
    run.new_scenario("a").write_record(sample_run.record("a"))
    assert len(list(run.scenarios())) == 1
    run.new_scenario("b").write_record(sample_run.record("b"))
    with pytest.raises(BadInput, match="b was not selected by this run"):
        list(run.scenarios())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such run"):
        RunFolder.open(tmp_path / "nowhere")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot make a run's folder"):
        RunFolder.create(tmp_path / "file", RUN)


def test_a_start_that_is_no_time_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no time"):
        RunFolder.create(tmp_path / "reports", replace(RUN, started="today"))
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gate", "gate"),
        ("a/../b::c[d-1]", "a-..-b-c-d-1"),
        ("//", "run"),
        (",".join(["query-node-killed"] * 20), "-".join(["query-node-killed"] * 4)[:64]),
    ],
)
def test_names_of_folders_are_plain(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_scenarios_come_in_the_order_they_began_second_attempts_last(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, RUN)
    for name, started in (("z", "2025-03-14T09:27:00"), ("a", "2025-03-14T09:30:00"), ("a", "2025-03-14T09:40:00")):
        run.new_scenario(name).write_record(sample_run.record(name, started=started))
    run.new_scenario("b")  # ended before its record was written
    assert [folder.path.name for folder in run.scenarios()] == ["z", "a", "a-2"]


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, RUN).new_scenario("kill")
    record = sample_run.record(aborted="Ctrl-C")
    folder.write_record(record)
    assert folder.record() == record


def test_a_record_that_lacks_a_key_names_it(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, RUN).new_scenario("kill")
    folder.write_record(sample_run.record())
    path = folder.path / "scenario.json"
    document = unsealed(json.loads(path.read_text()), where=path)
    del document["profile"]
    write_sealed(path, document)
    with pytest.raises(BadInput, match=r"profile: Field required.*scenario\.json"):
        folder.record()


def test_a_record_that_was_edited_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, RUN).new_scenario("kill")
    folder.write_record(sample_run.record())
    path = folder.path / "scenario.json"
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    with pytest.raises(BadInput, match=r"scenario\.json was changed after the harness wrote it"):
        folder.record()


def test_the_history_read_back_is_the_one_that_happened(tmp_path: Path) -> None:
    past = sample_run.history()
    found = filled(RunFolder.create(tmp_path, RUN), past).read_history()
    kept = past.operations.where(past.operations.intended_ns < ENDED_NS)
    for name in Operations.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(found.operations, name), getattr(kept, name), err_msg=name)
    assert found.events == past.events
    assert (found.traffic, found.complete) == (past.traffic, True)
    np.testing.assert_array_equal(found.truth.base_distances, past.truth.base_distances)
    assert [(read.t_ns, read.count, read.keys.tolist()) for read in found.readbacks] == [
        (read.t_ns, read.count, read.keys.tolist()) for read in past.readbacks
    ]


def test_a_run_that_broke_off_has_the_operations_until_its_last_record(tmp_path: Path) -> None:
    past = sample_run.history()
    cut_ns = sample_run.at(10)
    events = tuple(event for event in past.events if event.t_ns < cut_ns)
    folder = RunFolder.create(tmp_path, RUN).new_scenario("kill")
    folder.write_record(sample_run.record(complete=False))
    with folder.event_log() as log:
        for event in events:
            log.append(event)
    write_operations(folder.path, past.operations, until_ns=cut_ns)
    found = folder.read_history()
    assert (len(found.operations), found.complete) == ((past.operations.intended_ns < cut_ns).sum(), False)
    assert found.truth.base_ids.shape == (0, 0)
    assert found.readbacks == ()


def test_a_run_that_never_got_to_its_traffic_has_no_operations(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, RUN).new_scenario("kill")
    folder.write_record(sample_run.record(complete=False, aborted="no memory"))
    found = folder.read_history()
    assert (len(found.operations), found.events) == (0, ())
    assert found.operations.hits.shape == (0, found.traffic.k)


def test_without_digests_nothing_is_complete(tmp_path: Path) -> None:
    folder = filled(RunFolder.create(tmp_path, RUN), sample_run.history())
    assert folder.read_history().complete
    folder.write_record(sample_run.record(complete=True))
    assert not folder.read_history().complete


@pytest.mark.parametrize("name", ["truth.npz", "readback-1.npz"])
def test_arrays_of_another_format_are_refused_and_the_first_had_none(tmp_path: Path, name: str) -> None:
    folder = filled(RunFolder.create(tmp_path, RUN), sample_run.history())
    path = folder.path / name
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    assert arrays.pop("format") == 1
    read = folder.readbacks if name.startswith("readback") else lambda: folder.truth(k=10)
    np.savez(path, **arrays)
    read()
    np.savez(path, **arrays, format=np.array(2))
    with pytest.raises(BadInput, match=rf"{name}.*read it with the harness that wrote it"):
        read()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: (path / "truth.npz").unlink(), "truth.npz was removed"),
        (lambda path: (path / "truth.npz").write_bytes(b"PK"), "truth.npz"),
        (lambda path: (path / "readback-2.npz").write_bytes(b""), r"readback-2\.npz"),
        (lambda path: (path / SCHEDULE_FILE).unlink(), "schedule"),
    ],
)
def test_damage_is_named_by_its_file(tmp_path: Path, damage: Callable[[Path], object], said: str) -> None:
    folder = filled(RunFolder.create(tmp_path, RUN), sample_run.history())
    damage(folder.path)
    with pytest.raises(BadInput, match=said):
        folder.read_history()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda path: _flip(path / "events.arrow"), "events.arrow was changed after the run had ended"),
        (lambda path: _flip(path / "operations-1.arrow"), "operations-1.arrow was changed"),
        (lambda path: _flip(path / "readback-1.npz"), "readback-1.npz was changed"),
        (lambda path: (path / "operations-1.arrow").unlink(), "operations-1.arrow was removed"),
        (lambda path: (path / "operations-2.arrow").write_bytes(b""), "operations-2.arrow was added"),
    ],
)
def test_a_history_that_was_edited_is_refused(tmp_path: Path, edit: Callable[[Path], object], said: str) -> None:
    folder = filled(RunFolder.create(tmp_path, RUN), sample_run.history())
    assert len(folder.read_history().operations)
    edit(folder.path)
    with pytest.raises(BadInput, match=said) as caught:
        folder.read_history()
    assert "restore" in str(caught.value)


def _flip(file: Path) -> None:
    """Change one bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_seeded_history_is_the_same_each_time() -> None:
    one, other = sample_run.history(), sample_run.history()
    np.testing.assert_array_equal(one.operations.done_ns, other.operations.done_ns)
