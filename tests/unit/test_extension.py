"""What is added from outside comes through the same door: planned, journalled, carried out, healed, refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec, Role
from harness.errors import BadInput, ClusterError, Unsupported
from harness.history import EventKind
from harness.journal import Journal, Undo, heal
from harness.plan.plan import Plan, make_plan
from harness.plan.scenario import Scenario
from harness.platforms import entry, registry
from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.report.page import fragment
from harness.run.driver import Driver, refuse
from harness.run.judging import review
from harness.run.options import RunOptions
from harness.run.progress import PlainProgress
from harness.selftest.carry_out import Detected, run_matrix
from harness.selftest.matrix import brought
from harness.slo import evidence, limits
from harness.slo.limits import load_limits
from harness.store.run_folder import RunFolder
from harness.store.run_record import RunRecord
from harness.verdict import Verdict
from tests.unit.fake_cluster import NoTraffic, Obedient, Watched
from tests.unit.toy import Lull, SleepyCluster

TOY = "tests.unit.toy"
SCENARIO = Scenario("lulled", "A proxy sleeps", faults=(Lull(Role.PROXY, for_s=2),))


def plan() -> Plan:
    return make_plan(SCENARIO, profile="fast", replicas=1, seed=1)


def carry_out(cluster: Watched) -> list[tuple[str, Mapping[str, str]]]:
    told: list[tuple[str, Mapping[str, str]]] = []

    def tell(_label: str, moment: str, detail: Mapping[str, str]) -> None:
        told.append((moment, detail))

    for planned in plan().actions:
        Driver(cluster, Journal(cluster.journal), tell, lambda _: None, NoTraffic(cluster)).carry_out(planned)
    return told


def test_it_is_a_step_of_the_plan() -> None:
    (line,) = (line for line in plan().lines() if "lull" in line)
    assert "then lull proxy for 2 s (62 s + 4 s)" in line


def test_it_is_carried_out_and_each_moment_bears_its_id(tmp_path: Path) -> None:
    cluster = SleepyCluster(tmp_path)
    told = carry_out(cluster)
    assert [moment for moment, _ in told] == ["inject", "effect", "heal", "healed"]
    assert {detail["action"] for _, detail in told} == {"1"}
    assert cluster.calls == ["lull proxy-1", "wake proxy-1"]
    assert Journal(cluster.journal).pending() == []


def test_what_was_not_seen_did_not_happen_and_heal_finishes_it(tmp_path: Path) -> None:
    cluster = SleepyCluster(tmp_path)
    cluster.obeys = False
    with pytest.raises(ClusterError, match="proxy-1 is ready, not paused"):
        carry_out(cluster)
    assert heal(cluster).taken_back == [Undo("wake", ("proxy-1",))]
    assert cluster.calls == ["lull proxy-1", "wake proxy-1"]


def test_where_the_verb_is_missing_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="lull proxy for 2 s can't be done: it has no Sleepy"):
        carry_out(Obedient(tmp_path))


def test_what_it_is_told_is_checked_as_it_is_made() -> None:
    with pytest.raises(BadInput, match=r"for_s is 0 \(Lull\.for_s\): input should be greater than 0"):
        Lull(Role.PROXY, for_s=0)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Have what the toy module brings installed beside what the harness has."""
    toys = EntryPoint("toy", f"{TOY}:ENTRY", entry.GROUP), EntryPoint("sleep", f"{TOY}:EVIDENCE", evidence.GROUP)
    # Without the machine's, which takes seconds to read its yardstick.
    kinds = [point for point in entry_points(group=evidence.GROUP) if point.name != "machine"]
    found = EntryPoints((*entry_points(group=entry.GROUP), *kinds, *toys))
    for module in (entry, evidence):
        monkeypatch.setattr(module, "entry_points", found.select)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    forget()
    yield
    forget()


def forget() -> None:
    for cached in (evidence.kinds, evidence.judges, evidence.figures, limits._table):
        cached.cache_clear()


def carried_out(tmp_path: Path, number: str) -> tuple[Detected, RunFolder]:
    """Carry out a row of the toy's as the selftest does."""
    platform = PlatformChoice("toy")
    options = RunOptions(platform=platform, reports=tmp_path / "reports")
    about = RunRecord("selftest", 1, "2026-01-01T00:00:00+00:00", "harness selftest", selected=(f"row-{number}",))
    run = RunFolder.create(options.reports, about)
    (row,) = (row for row in brought() if row.number == number)
    (detected,) = run_matrix((row,), options, run, PlainProgress(lambda _: None))
    assert isinstance(detected, Detected)
    return detected, run


@pytest.mark.usefixtures("installed")
def test_a_scenario_of_all_three_runs_and_is_judged_drawn_and_judged_again(tmp_path: Path) -> None:
    detected, run = carried_out(tmp_path, "toy-quiet")
    judgement = detected.judged.judgement
    assert judgement.verdict is Verdict.PASS, judgement.reasons
    assert {row.figure: row.value for row in judgement.slos if row.limit is not None} == {"snores": 0.0}
    assert "Members listened to" in {check.what for check in judgement.validity}
    events = next(iter(run.scenarios())).read_history().events
    assert [event.what for event in events if event.kind is EventKind.OTHER] == ["listened", "snored", "listened"]
    again = review(run)
    assert again.verdict.scenarios == (detected.judged,)
    drawn = fragment(again)
    for words in (
        "Times that a sleeping member was heard",
        "<h3>Sleep</h3>",
        "sheep, goats",
        "Nobody sent any traffic",
        "lull proxy",
    ):
        assert words in drawn


@pytest.mark.usefixtures("installed")
def test_its_own_files_are_sealed_with_the_run(tmp_path: Path) -> None:
    _, run = carried_out(tmp_path, "toy-quiet")
    folder = next(iter(run.scenarios()))
    (folder.path / "dreams.json").write_text('["wolves"]', encoding="utf-8")
    with pytest.raises(BadInput, match=r"dreams.json was changed after the run had ended"):
        review(run)


@pytest.mark.usefixtures("installed")
def test_what_it_must_find_it_finds(tmp_path: Path) -> None:
    detected, run = carried_out(tmp_path, "toy")
    assert (set(detected.fired), detected.failed) == ({"snores"}, "")
    judgement = detected.judged.judgement
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reasons == ("snores 1 times is over the limit of 0 times",)
    assert [finding.message for finding in judgement.findings] == ["heard: proxy-1"]
    assert "expected: members sleep quietly" in fragment(review(run))


@pytest.mark.usefixtures("installed")
def test_its_figure_can_be_limited_as_any_other_and_a_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[defaults]\nsnores = 3\n", encoding="utf-8")
    assert load_limits(file, "lulled").amounts["snores"] == 3
    file.write_text("[defaults]\nsnore = 3\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"unknown limit 'snore' .* did you mean 'snores'"):
        load_limits(file, "lulled")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("no.such.module:EVIDENCE", "ModuleNotFoundError: No module named 'no'"),
        (f"{TOY}:SNORES", "AttributeError: 'Figure' object has no attribute 'part'"),
    ],
)
def test_one_that_cannot_be_loaded_is_one_line(monkeypatch: pytest.MonkeyPatch, value: str, told: str) -> None:
    found = EntryPoints((EntryPoint("broken", value, evidence.GROUP),))
    monkeypatch.setattr(evidence, "entry_points", found.select)
    forget()
    with pytest.raises(BadInput) as caught:
        evidence.figures()
    assert str(caught.value) == f"{told} (evidence 'broken'): mend the package that brings it, or uninstall it"
    forget()


def test_two_that_declare_the_same_figure_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    points = (*entry_points(group=evidence.GROUP), EntryPoint("again", f"{TOY}:AGAIN", evidence.GROUP))
    monkeypatch.setattr(evidence, "entry_points", EntryPoints(points).select)
    forget()
    with pytest.raises(BadInput, match=r"more than one recall, recall_recovered, wrong_s \(figures\): rename one"):
        evidence.figures()
    forget()


@pytest.mark.usefixtures("installed")
def test_a_platform_is_found_by_its_entry_point_and_so_are_its_clusters() -> None:
    assert entry.names() == ["local", "kind", "kubernetes", "toy"]
    platform = registry.make_platform(PlatformChoice("toy"))
    refuse(SCENARIO.faults[0], platform)  # type: ignore[index]  # they are named one by one there
    platform.create(ClusterSpec("napping"), keep=True)
    cluster = registry.open_cluster("napping")
    assert isinstance(cluster, SleepyCluster)
    assert Ailment("pillows", ok=True, mend="") in [one for each in entry.entries() for one in each.doctor()]


@pytest.mark.usefixtures("installed")
def test_a_platform_that_is_not_installed_is_told_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"platform 'moon' \(--platform\): take one of local, kind, kubernetes, toy"):
        registry.make_platform(PlatformChoice("moon"))
    registry.make_platform(PlatformChoice("toy")).create(ClusterSpec("napping"), keep=True)
    monkeypatch.setattr(entry, "entry_points", entry_points)
    with pytest.raises(BadInput, match=r"there is no platform 'toy' \(.*napping\)"):
        registry.open_cluster("napping")


def test_what_an_action_needs_a_platform_of_the_harness_refuses() -> None:
    with pytest.raises(Unsupported, match="it has no Sleepy"):
        refuse(Lull(Role.PROXY), registry.make_platform(PlatformChoice()))


@pytest.mark.usefixtures("installed")
def test_a_platform_takes_its_options_and_no_other_platforms() -> None:
    made = registry.make_platform(PlatformChoice.of("toy", ["bed=sofa"]))
    assert made.intent(ClusterSpec("napping")) == ("make up a Milvus 2.3.5 on the sofa",)
    with pytest.raises(BadInput, match=r"toy takes no option 'context' \(platform\): choose kind or kubernetes"):
        registry.make_platform(PlatformChoice.of("toy", context="mine"))
    with pytest.raises(BadInput, match=r"toy takes no option 'pillow' \(platform\): it takes bed, where members sleep"):
        registry.make_platform(PlatformChoice.of("toy", ["pillow=soft"]))
    with pytest.raises(BadInput, match=r"'bed' is no option \(--platform-option\): write it as key=value"):
        PlatformChoice.of("toy", ["bed"])


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"platform_file": "mine.yaml"}, "platform-file"),
        ({"context": "mine"}, "context"),
        ({"namespace": "mine"}, "namespace"),
        ({"token_file": "mine"}, "token-file"),
        ({"tls": True}, "tls"),
    ],
)
def test_what_local_does_not_take_is_refused_by_name(given: dict[str, object], option: str) -> None:
    with pytest.raises(BadInput) as caught:
        registry.make_platform(PlatformChoice.of("local", (), **given))
    assert str(caught.value) == f"local takes no option {option!r} (platform): choose kind or kubernetes"
