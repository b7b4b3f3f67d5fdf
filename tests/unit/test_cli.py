"""The command line: what can't be done is one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import cli, journal
from harness.cli import clusters
from harness.cli.app import COMMANDS, load
from harness.cluster import ClusterSpec, Endpoint, Role, Topology
from harness.errors import ClusterError
from harness.platforms import home, registry
from harness.platforms.ailment import Ailment
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.state import ClusterState, Folder, MemberState, clusters_home
from harness.verbs import Cluster

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden" / "plan-gate-seed-7.txt"


class Done(NamedTuple):
    code: int
    out: str
    err: str


Harness = Callable[..., Done]


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], no_servers: Path) -> Iterator[Harness]:
    """Type a command; return its exit code and what it printed."""
    before = signal.getsignal(signal.SIGTERM)

    def go(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["harness", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, *capfd.readouterr())

    yield go
    signal.signal(signal.SIGTERM, before)


def cluster(name: str) -> Folder:
    folder = Folder(clusters_home() / name)
    folder.create()
    folder.write(ClusterState(ClusterSpec(name), owner=None))
    state = MemberState("querynode-1", Role.QUERY_NODE, 1, "2.3.5", "", {"main": 1, "metrics": 2})
    folder.write_member(state)
    folder.write_member(replace(state, name="etcd-1", role=Role.ETCD, ports={"main": 1, "peer": 2}))
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("up Dev", "'Dev' can't be a cluster's name (name): take a-z, 0-9 and -"),
        ("up dev --milvus 9.9", "there is no Milvus server '9.9' (--milvus): "),
        ("up dev --milvus ./nowhere", "no Milvus server here"),
        ("up dev --profile quick", "there is no settings profile 'quick' (--profile): take one of fast, default"),
        ("up dev --set proxy.port", "'proxy.port' is no setting (--set): write it as key=value"),
        ("up dev --set proxy.prot=1", "Milvus has no setting 'proxy.prot' (--set proxy.prot): did you mean"),
        ("up dev --set proxy.port={", "'{' is no value (--set proxy.port): "),
        ("up dev --query-nodes 0", "'--query-nodes': Input should be greater than or equal to 1 (harness up): see"),
        ("up dev --context staging", "local takes no option 'context' (platform): choose kind or kubernetes"),
        ("up dev --query-nodes x", "(harness up): see harness up --help"),
        ("down none", "there is no cluster 'none' (harness down): see harness status"),
        ("down ../..", "there is no cluster '../..' (harness down): see harness status"),
        ("status none", "there is no cluster 'none'"),
        ("logs proxy --cluster none", "there is no cluster 'none'"),
        ("logs", "Missing argument 'role' (harness logs): see harness logs --help"),
        ("recheck nowhere", "no such run (nowhere): name a folder under reports/"),
        ("recheck .", "not a run's folder (run.json): "),
        ("report nowhere", "no such run (nowhere): name a folder under reports/"),
        ("report .", "not a run's folder (run.json): "),
        ("--verbose", "No such option: --verbose (harness): see harness --help"),
        ("up --now", "No such option: --now (harness up): see harness up --help"),
        ("start", "No such command 'start'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_made(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = harness(*arguments.split())
    assert (done.code, done.out) == (4, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith("harness: ")
    assert said in done.err
    assert home.names() == []
    assert list(tmp_path.iterdir()) == []


def test_a_plan_of_the_gate_is_the_same_bytes_for_the_same_seed(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the plan was changed on purpose: harness plan --seed 7 > tests/unit/golden/plan-gate-seed-7.txt
    monkeypatch.chdir(ROOT)
    done = harness("plan", "--seed", "7")
    assert done == (0, GOLDEN.read_text(encoding="utf-8"), "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "plan scenarios --select gat",
            "there is no scenario or selection 'gat' (--harness-select): did you mean",
        ),
        ("plan nowhere", "nowhere"),
    ],
)
def test_a_plan_that_cannot_be_made_says_so_in_one_line(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, arguments: str, said: str
) -> None:
    monkeypatch.chdir(ROOT)
    done = harness(*arguments.split())
    lines = [line for line in done.err.splitlines() if line]
    assert done.code == 4
    assert done.out.strip() == ""
    assert len(lines) == 1
    assert said in lines[0]


def test_a_cluster_that_does_not_come_up_is_one_line(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ClusterError("proxy-1 ended while starting: panic: no room", where="proxy-1.log", mend="read the log")

    monkeypatch.setattr(LocalPlatform, "create", fail)
    assert harness("up") == (
        4,
        "",
        "harness: proxy-1 ended while starting: panic: no room (proxy-1.log): read the log\n",
    )


def test_what_is_typed_is_what_is_made(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[ClusterSpec, bool]] = []

    class Made:
        def endpoint(self) -> Endpoint:
            return Endpoint("127.0.0.1", 19530)

    def create(_: LocalPlatform, spec: ClusterSpec, *, keep: bool) -> Made:
        made.append((spec, keep))
        return Made()

    monkeypatch.setattr(LocalPlatform, "create", create)
    harness("up")
    done = harness(
        *[
            "up",
            "a",
            "--milvus",
            "2.3.0",
            "--profile",
            "default",
            "--query-nodes",
            "3",
            "--set",
            "a.b=1",
            "--set",
            "c=x=y",
        ]
    )
    nodes = Topology({Role.QUERY_NODE: 3})
    assert made == [
        (ClusterSpec("dev"), True),
        (ClusterSpec("a", "2.3.0", "default", {"a.b": "1", "c": "x=y"}, nodes), True),
    ]
    assert done.out.splitlines()[0] == "a is up at 127.0.0.1:19530"


def test_a_defect_of_ours_is_one_line_with_a_code_of_its_own(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "names", lambda: 1 // 0)
    done = harness("status")
    assert (done.code, done.err.count("\n")) == (70, 1)
    assert "a defect of the harness itself: ZeroDivisionError" in done.err


def test_ctrl_c_and_sigterm_are_130(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "names", lambda: signal.raise_signal(signal.SIGTERM))
    done = harness("status")
    assert done.code == 130
    assert "Traceback" not in done.err


def test_heal_that_leaves_something_fails_and_says_what(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    healed = registry.HealReport(["cluster gone"], ["cluster stuck is still there: the disk is full"])
    monkeypatch.setattr(registry, "heal", lambda: healed)
    done = harness("heal")
    assert done.code == 4
    assert done.out == "healed: cluster gone\n"
    assert done.err.startswith("harness: cluster stuck is still there: the disk is full (harness heal): ")


def test_heal_goes_on_where_one_clusters_faults_cannot_be_taken_back(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster("one")
    cluster("two")

    def take_back(of: Cluster) -> journal.TakenBack:
        if of.name == "one":
            raise ClusterError("querynode-1 did not start", where="its log", mend="read it")
        return journal.TakenBack([journal.Undo("start", ("proxy-1",))] * 2)

    monkeypatch.setattr(journal, "heal", take_back)
    done = harness("heal")
    assert (done.code, done.out) == (4, "healed: 2 unhealed faults of two\n")
    assert done.err.startswith("harness: the faults of one were not taken back: querynode-1 did not start")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_of_a_command_what_the_command_says_of_itself(name: str) -> None:
    assert COMMANDS[name].help == load(name).help.partition("\n")[0]


@pytest.mark.parametrize(("lacks", "extra"), [("pymilvus", "run"), ("kubernetes.client", "kubernetes")])
def test_what_is_not_installed_is_named_with_the_extra_that_brings_it(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, lacks: str, extra: str
) -> None:
    def not_there() -> list[str]:
        raise ModuleNotFoundError(f"No module named '{lacks}'", name=lacks)

    monkeypatch.setattr(home, "names", not_there)
    done = harness("status")
    assert done.code == 4
    assert done.err == (
        f"harness: {lacks.partition('.')[0]} is not installed (harness): pip install 'milvus-harness[{extra}]'\n"
    )
    monkeypatch.setattr(home, "names", lambda: (_ for _ in ()).throw(ModuleNotFoundError(name="harness.nothing")))
    assert harness("status").code == 70


def test_help_names_every_command_and_nothing_typed_shows_it(harness: Harness) -> None:
    helped = harness("--help")
    assert helped.code == 0
    for command in ("up", "status", "logs", "down", "heal", "doctor", "plan", "recheck", "report"):
        assert f" {command} " in helped.out
    assert "up" in harness().out


def test_clusters_are_shown_and_removed(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert "no cluster; start one with: harness up" in harness("status").out
    cluster("one")
    cluster("two")
    shown = harness("status")
    assert shown.code == 0
    assert shown.out.count("querynode-1") == 2
    assert shown.out.count("dead") == 4
    assert harness("status", "one").out.count("querynode-1") == 1
    assert harness("down", "one") == (0, "one is gone\n", "")
    assert home.names() == ["two"]


def test_logs_are_told_by_role_or_member_and_as_many_lines_as_asked(harness: Harness) -> None:
    folder = cluster("dev")
    folder.log("querynode-1").write_text("one\ntwo\n[three]\n", encoding="utf-8")
    for asked in ("querynode", "querynode-1"):
        done = harness("logs", asked, "-n", "2")
        assert done.code == 0
        assert done.out.splitlines()[-2:] == ["two", "[three]"]
        assert done.out.splitlines()[0] == f"== querynode-1  {folder.log('querynode-1')}"
    assert harness("logs", "etcd").code == 0
    refused = harness("logs", "querynodes")
    assert (refused.code, refused.out) == (4, "")
    assert "there is no role or member 'querynodes' (dev): take one of proxy, mixcoord" in refused.err


class Doctor:
    """A platform that finds what a test says."""

    def __init__(self, *found: Ailment) -> None:
        self._found = found

    def doctor(self) -> tuple[Ailment, ...]:
        return self._found


def test_what_is_missing_is_told_with_what_mends_it(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "entries", lambda: (Doctor(Ailment("pip", True, "")),))
    assert harness("doctor").code == 0
    ill = Ailment("p" * 80, False, "apt-get install python3-pip")
    monkeypatch.setattr(clusters, "entries", lambda: (Doctor(ill),))
    done = harness("doctor")
    assert done.code == 4
    assert done.out == f"missing {'p' * 80} -> apt-get install python3-pip\n"
