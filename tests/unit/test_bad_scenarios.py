"""Whatever a user writes into a scenario file by mistake: one line, exit code 4, before anything starts."""

from __future__ import annotations

import pytest

from tests.unit.inner_pytest import Run, refused

pytest_plugins = ["pytester"]

WRONG = {
    'Scenario(name=123, title="t")': "name is 123 (Scenario.name): input should be a valid string",
    'Scenario(name="", title="t")': "name is '' (Scenario.name)",
    'Scenario(name="m", title=None)': "title is None (Scenario.title)",
    'Scenario(title="t")': "name is missing (Scenario): write Scenario(name=...)",
    'Scenario(name="m", title="t", foo=3)': "there is no foo (Scenario): take one of name, title, faults",
    'Scenario("m", "t", faults=Kill(Role.PROXY))': "(Scenario.faults): write a tuple of actions",
    'Scenario("m", "t", faults=3)': "faults is 3 (Scenario.faults): write a tuple of actions",
    'Scenario("m", "t", faults=(Kill,))': "(Scenario.faults): write a tuple of actions",
    'Scenario("m", "t", faults="kill")': "faults is 'kill' (Scenario.faults): write a tuple of actions",
    'Scenario("m", "t", Chaos("5"))': "faults is '5' (Chaos.faults)",
    'Scenario("m", "t", (Kill(Role.QUERY_NODE, heal_after_s="1"),))': "heal_after_s is '1' (Kill.heal_after_s)",
    'Scenario("m", "t", (Kill(Role.QUERY_NODE, heal_after_s=float("inf")),))': "heal_after_s is inf",
    'Scenario("m", "t", (Kill(Role.QUERYNODE),))': "test_mine.py:2: AttributeError: ",
    'Scenario("m", "t", (Scale(Role.QUERY_NODE, "4"),))': "to is '4' (Scale.to)",
    'Scenario("m", "t", (Configure("common.session.ttl=3"),))': "(Configure.settings)",
    'Scenario("m", "t", (Kill(Role.QUERY_NODE, count=5),))': "there are 2 of querynode (kill 5 of querynode)",
    'Scenario("m", "t", (Scale(Role.QUERY_NODE, 1), Kill(Role.QUERY_NODE, 2)))': "there are 1 of querynode",
    'Scenario("m", "t", (Scale(Role.QUERY_NODE, 2),))': "there are 2 of querynode before it (scale querynode to 2)",
    'Scenario("m", "t", (Pause(Role.STREAMING_NODE),))': "there is no streamingnode in this Milvus",
    'Scenario("m", "t", topology=None)': "topology is None (Scenario.topology)",
    'Scenario("m", "t", topology={Role.QUERY_NODE: 2})': "(Scenario.topology)",
    'Scenario("m", "t", topology=Topology({Role.QUERY_NODE: "2"}))': "counts is '2' (Topology.counts.querynode)",
    'Scenario("m", "t", topology=Topology({Role.QUERY_NODE: 1.5}))': "counts is 1.5 (Topology.counts.querynode)",
    'Scenario("m", "t", topology=Topology({"querynod": 2}))': "(Topology.counts.querynod",
    'Scenario("m", "t", topology=Topology({Role.ETCD: 3}))': "etcd is 3 (Topology.counts): only these can have several",
    'Scenario("m", "t", topology=Topology({Role.COORDINATORS: 2}))': "mixcoord is 2 (Topology.counts)",
    'Scenario("m", "t", topology=Topology({Role.MESSAGE_QUEUE: 0}))': "counts is 0 (Topology.counts.message-queue)",
    'Scenario("m", "t", settings=None)': "settings is None (Scenario.settings)",
    'Scenario("m", "t", settings={"common.session.ttl": 3})': "settings is 3 (Scenario.settings.common.session.ttl)",
    'Scenario("m", "t", settings=["a=b"])': "(Scenario.settings)",
    'Scenario("m", "t", milvus=2.3)': "milvus is 2.3 (Scenario.milvus)",
    'Scenario("m", "t", steady_s=None)': "steady_s is None (Scenario.steady_s)",
    'Scenario("m", "t", steady_s=-5)': "steady_s is -5 (Scenario.steady_s)",
    'Scenario("m", "t", steady_s=float("nan"))': "steady_s is nan (Scenario.steady_s)",
    'Scenario("m", "t", observe_s="4")': "observe_s is '4' (Scenario.observe_s",
    'Scenario("m", "t", observe_s=-1)': "observe_s is -1 (Scenario.observe_s",
    'Scenario("m", "t", data=DataSpec(rows=10.5))': "rows is 10.5 (DataSpec.rows)",
    'Scenario("m", "t", data=DataSpec(row=10))': "there is no row (DataSpec): take one of rows, dim",
    'Scenario("m", "t", data=DataSpec(index_params={"nlist": "128"}))': "(DataSpec.index_params.nlist)",
    'Scenario("m", "t", data=DataSpec(index_params=None))': "index_params is None (DataSpec.index_params)",
    'Scenario("m", "t", data=DataSpec(source="a.npy"))': "source is 'a.npy' (DataSpec.source)",
    'Scenario("m", "t", traffic=TrafficSpec(search_rate=None))': "search_rate is None (TrafficSpec.search_rate)",
    'Scenario("m", "t", traffic=TrafficSpec(processes=True))': "processes is True (TrafficSpec.processes)",
    '"mine"': "'mine' is no scenario (@scenario): write @scenario(Scenario(...))",
    "Scenario": "is no scenario (@scenario)",
    "": "test_mine.py:2: TypeError: scenario() missing 1 required positional argument",
    'Scenario("m", "t"), 5': "5 is no selection (@scenario)",
}


@pytest.mark.parametrize("written", WRONG)
def test_what_is_written_wrongly_is_one_line_before_anything_starts(
    pytester: pytest.Pytester, run: Run, written: str
) -> None:
    pytester.makepyfile(test_mine=f"from harness.api import *\n@scenario({written})\ndef test_x(outcome): pass\n")
    refused(run(), WRONG[written])
    assert not (pytester.path / "reports").exists()


def test_two_scenarios_of_one_name_are_refused(pytester: pytest.Pytester, run: Run) -> None:
    text = "from harness.api import *\n"
    for test, action in (("test_a", "Kill"), ("test_b", "Pause")):
        text += f'@scenario(Scenario("m", "{test}", ({action}(Role.PROXY),)))\ndef {test}(outcome): pass\n'
    pytester.makepyfile(test_mine=text)
    refused(run(), "two scenarios are called 'm' (test_mine.py::test_a and test_mine.py::test_b): give one of them")
    assert run("--harness-profile=fast", "--harness-profile=default", "-k", "test_a", "--harness-plan").ret == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from harness.api import Kil\n", "test_mine.py:1: ImportError: cannot import name 'Kil'"),
        ("from harness.api import *\nS = Scenario(\n", "test_mine.py:2: SyntaxError: '(' was never closed"),
        ("from harness.api import *\nimport nothing_of_it\n", "test_mine.py:2: ModuleNotFoundError: No module named"),
        ("from harness.api import *\n1 / 0\n", "test_mine.py:2: ZeroDivisionError: division by zero"),
        ("from harness.api import *\n@scenario\ndef test_x(outcome): pass\n", "is no scenario (@scenario): write"),
    ],
)
def test_what_python_itself_finds_is_one_line_too(pytester: pytest.Pytester, run: Run, text: str, said: str) -> None:
    pytester.makepyfile(test_mine=text)
    refused(run(), said)
