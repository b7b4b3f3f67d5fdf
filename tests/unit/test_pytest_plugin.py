"""The plugin inside pytest: inert without a scenario, and strict about what was typed."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.unit.inner_pytest import ORDINARY, SCENARIOS, Run, refused

pytest_plugins = ["pytester"]

HEAVY = {
    "numpy",
    "pyarrow",
    "pymilvus",
    "grpc",
    "locust",
    "pandas",
    "rich",
    "pydantic",
    "yaml",
    "pytest_html",
    "psutil",
}


# Inert where no scenario is collected


def test_a_session_without_a_scenario_is_left_alone(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(ORDINARY)
    before, files = signal.getsignal(signal.SIGTERM), set(pytester.path.iterdir())
    result = run("-rA")
    result.assert_outcomes(passed=1)
    assert signal.getsignal(signal.SIGTERM) is before
    assert {path.name for path in set(pytester.path.iterdir()) - files} <= {"__pycache__"}
    assert "harness" not in "\n".join(line for line in result.outlines if not line.startswith(("plugins:", "rootdir:")))


def test_an_ordinary_tests_own_page_and_junit_are_made_as_asked(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(ORDINARY)
    run("--html=own.html", "--junitxml=own.xml").assert_outcomes(passed=1)
    assert (pytester.path / "own.html").exists()
    assert (pytester.path / "own.xml").exists()
    assert not (pytester.path / "reports").exists()


def test_pytest_starts_without_what_only_scenarios_need() -> None:
    code = "import sys, harness.pytest_plugin; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & HEAVY


def test_a_scenario_file_is_read_without_what_only_runs_need() -> None:
    code = "import sys, harness.api; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY == {"pydantic"}  # what checks the values that it writes


def test_the_options_are_prefixed_and_in_one_group(run: Run) -> None:
    lines = run("--help").outlines
    begin = lines.index("Milvus harness: chaos and acceptance scenarios:")
    group = [line for line in lines[begin + 1 : lines.index("", begin)] if line.startswith("  --")]
    assert len(group) >= 13
    assert all(line.startswith("  --harness-") for line in group)
    assert sum("--harness-" in line for line in lines if line.startswith("  --")) == len(group)


def test_the_mark_is_known_where_marks_are_strict(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(SCENARIOS)
    result = run("--strict-markers", "--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::test_one?fast-1?", "*::test_two?fast-1?"])
    assert not (pytester.path / "reports").exists()


# What runs


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ((), ["test_one[fast-1]", "test_two[fast-1]"]),
        (("--harness-select=gate",), ["test_one[fast-1]"]),
        (("--harness-select=two",), ["test_two[fast-1]"]),
        (("--harness-select=two,one",), ["test_one[fast-1]", "test_two[fast-1]"]),
        (("--harness-select=gate", "--harness-profile=default"), ["test_one[default-1]"]),
        (
            ("--harness-select=two", "--harness-replicas=1", "--harness-replicas=2"),
            ["test_two[fast-1]", "test_two[fast-2]"],
        ),
        (
            ("--harness-select=nightly",),
            [f"test_{name}[{profile}-{n}]" for name in ("one", "two") for profile in ("fast", "default") for n in "12"],
        ),
    ],
)
def test_a_selection_says_what_runs_in_which_variants_and_ordinary_tests_stay(
    pytester: pytest.Pytester, run: Run, arguments: tuple[str, ...], chosen: list[str]
) -> None:
    pytester.makepyfile(test_a=ORDINARY, test_b=SCENARIOS)
    result = run("--collect-only", "-q", *arguments)
    found = [line.partition("::")[2] for line in result.outlines if "::" in line]
    assert found == ["test_ordinary", *chosen]


def test_a_plan_is_printed_and_nothing_is_done(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(SCENARIOS)
    result = run("--harness-plan", "--harness-seed=7")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["one: The first, seed 7", "  2. start Milvus 2.3.5*", "two: The second, seed 7"])
    assert not (pytester.path / "reports").exists()


# Bad input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--harness-profile=quick"],
            "there is no settings profile 'quick' (--harness-profile): take one of fast, default",
        ),
        (["--harness-seed=x"], "'x' is no seed (--harness-seed): take a whole number from 0 on"),
        (["--harness-replicas=0"], "'0' is no number of replicas (--harness-replicas): take 1 or more"),
        (["--harness-replicas=3"], "3 replicas need as many query nodes (one): take fewer replicas"),
        (["--harness-set=proxy.port"], "'proxy.port' is no setting (--harness-set): write it as key=value"),
        (["--harness-set=proxy.prot=1"], "Milvus has no setting 'proxy.prot' (--set proxy.prot): did you mean"),
        (["--harness-set=proxy.port=[1"], "'[1' is no value (--set proxy.port)"),
        (["--harness-milvus=9.9"], "there is no Milvus server '9.9' (--milvus): "),
        (["--harness-milvus=./nowhere"], "no Milvus server here"),
        (["--harness-slo=nowhere.toml"], "nowhere.toml"),
        (["--harness-slo=typo.toml"], "typo.toml"),
        (["--harness-select=tow"], "there is no scenario or selection 'tow' (--harness-select): did you mean two?"),
        (
            ["--harness-select=one,gat"],
            "there is no scenario or selection 'gat' (--harness-select): did you mean gate?",
        ),
        (["--harness-select=xyz"], "known here: one, two"),
        (["--harness-endpoint=milvus"], "'milvus' is no endpoint (--harness-endpoint): write it as host:port"),
        (["--harness-endpoint=a:1", "--harness-token-file=none"], "the token can't be read: No such file"),
        (["--harness-reports=/proc/none"], "cannot make a run's folder"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_nothing_is_made(
    pytester: pytest.Pytester, run: Run, arguments: list[str], said: str
) -> None:
    pytester.makepyfile(SCENARIOS)
    (pytester.path / "typo.toml").write_text("[defaults]\nbad_z = 1\n", encoding="ascii")
    refused(run(*arguments), said)
    assert not (pytester.path / "reports").exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('Scenario("x", "X", (Scale(Role.ETCD, 2),))', "(Scale.role): scale a Milvus role"),
        ('Scenario("x", "X", (Kill("querynodes"),))', "role is 'querynodes' (Kill.role): take one of Role.PROXY"),
        ('Scenario("x", "X", Chaos(0))', "faults is 0 (Chaos.faults): input should be"),
        ('Scenario("x", "X", (Configure({"proxy.prot": "1"}),))', "Milvus has no setting 'proxy.prot'"),
        ('Scenario("x", "X", (Upgrade("9.9"),))', "there is no Milvus server '9.9'"),
        ('Scenario("x", "X", data=DataSpec(rows=0))', "rows is 0 (data, rows): use a number from 1"),
        ('Scenario("x", "X", traffic=TrafficSpec(deadline_s=0))', "deadline_s is 0 (traffic, deadline_s)"),
    ],
)
def test_a_scenario_that_cannot_be_is_one_line_before_anything_starts(
    pytester: pytest.Pytester, run: Run, body: str, said: str
) -> None:
    pytester.makepyfile(f"from harness.api import *\n@scenario({body})\ndef test_x(outcome): pass\n")
    refused(run(), said)
    assert not (pytester.path / "reports").exists()


def test_a_scenario_file_that_is_refused_is_named(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_mine="from harness.api import *\nDataSpec(rows=0)\n")
    refused(run(), "test_mine.py: rows is 0")


def test_a_scenario_that_a_test_does_not_take_is_told(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile('from harness.api import *\n@scenario(Scenario("x", "X"))\ndef test_x(): pass\n')
    refused(run(), "test_x does not run its scenario (test_a_scenario_that_a_test_does_not_take_is_told.py::test_x)")


def test_an_outcome_without_a_scenario_is_told(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile("def test_x(outcome): pass\n")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*this test runs no scenario*mark it with @scenario*"])


@pytest.mark.parametrize("arguments", [["--harness-select=gate"], ["--harness-select=one"], ["--harness-plan"]])
def test_asking_for_scenarios_where_there_are_none_is_told(
    pytester: pytest.Pytester, run: Run, arguments: list[str]
) -> None:
    pytester.makepyfile(ORDINARY)
    refused(run(*arguments), "scenario")


def test_a_file_that_cannot_be_collected_is_shown_by_pytest_and_nothing_runs(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_a=SCENARIOS, test_b="import nothing_of_this_name\n")
    result = run("--harness-select=gate,three")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No module named 'nothing_of_this_name'*"])
    assert not (pytester.path / "reports").exists()
