"""The harness inside pytest: marks, options, the fixture `outcome`. Inert where no scenario is collected.

Every pytest session of whoever has the harness installed imports this module, so it imports little: what runs
and reports scenarios comes with `harness.pytest_plugin.prepare`, once there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from harness.errors import BadInput, HarnessError
from harness.extras import lacking
from harness.pytest_plugin import options as own_options
from harness.pytest_plugin.files import in_scenario_file
from harness.pytest_plugin.marks import MARK, Marked, marked
from harness.pytest_plugin.options import Selection
from harness.pytest_plugin.outcome import RUN, Outcome
from harness.verdict import Verdict

T = TypeVar("T")
_SELECTION = pytest.StashKey[Selection]()
_FOUND = pytest.StashKey[Sequence[Marked]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    own_options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and read what is to be run."""
    config.stash[_SELECTION] = _or_usage_error(lambda: own_options.selection(config))
    config.addinivalue_line("markers", f"{MARK}(scenario): the scenario that a test runs; see harness.api")


def pytest_exception_interact(
    node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object], report: object
) -> None:
    """Tell a scenario file that can't be read, or asks for what can't be, in one line; other failures are pytest's."""
    if not isinstance(report, pytest.CollectReport) or call.excinfo is None:
        return
    error = call.excinfo.value
    if isinstance(error, HarnessError):
        raise pytest.UsageError(f"{report.nodeid}: {error}") from None
    if said := in_scenario_file(node.path, error):
        raise pytest.UsageError(said) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of every profile and number of replicas that was asked for."""
    if marked(metafunc.definition) and "outcome" in metafunc.fixturenames:
        chosen = metafunc.config.stash[_SELECTION]
        variants = [(profile, replicas) for profile in chosen.profiles for replicas in chosen.replicas]
        names = [f"{profile}-{replicas}" for profile, replicas in variants]
        metafunc.parametrize("outcome", variants, ids=names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the scenarios that were not asked for; ordinary tests stay."""
    found = {item: mark for item in items if (mark := marked(item))}
    config.stash[_FOUND] = list(found.values())
    out = [item for item, mark in found.items() if not config.stash[_SELECTION].takes(mark)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check everything before anything starts, then open the run's folder and page."""
    config = session.config
    if _FOUND not in config.stash or session.testsfailed:
        return  # the collection failed, and pytest says why
    _or_usage_error(lambda: config.stash[_SELECTION].require(config.stash[_FOUND]))
    items = [item for item in session.items if isinstance(item, pytest.Function) and marked(item)]
    if items:
        _or_usage_error(lambda: _refuse_namesakes(items))
        _or_usage_error(lambda: _prepare(session, items))
    elif config.getoption("--harness-plan"):
        raise pytest.UsageError("there is no scenario to plan here (--harness-plan): name the files that hold some")


def _refuse_namesakes(items: list[pytest.Function]) -> None:
    """Refuse two tests whose scenarios have one name: limits, folders and verdicts go by it. Errors: BadInput."""
    of_name: dict[str, str] = {}
    for item in items:
        mark, test = marked(item), item.nodeid.partition("[")[0]
        name = mark.scenario.name if mark else ""
        if of_name.setdefault(name, test) != test:
            where, mend = f"{of_name[name]} and {test}", "give one of them another name"
            raise BadInput(f"two scenarios are called {name!r}", where=where, mend=mend)


def _prepare(session: pytest.Session, items: list[pytest.Function]) -> None:
    from harness.pytest_plugin.prepare import prepare  # noqa: PLC0415 - seconds of imports, only for scenarios

    prepare(session, items, session.config.stash[_SELECTION], _names(session.config))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A plan that was printed is a success: no test ran because none was to run."""
    if session.config.getoption("--harness-plan") and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def _names(config: pytest.Config) -> frozenset[str]:
    return frozenset(mark.scenario.name for mark in config.stash[_FOUND])


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """Run the test's scenario. One that proves nothing is an error, so that the test itself sees PASS or FAIL."""
    run = request.node.stash.get(RUN, None)
    if run is None:
        raise BadInput("this test runs no scenario", where=request.node.nodeid, mend="mark it with @scenario(...)")
    judgement = run()
    if judgement.verdict in (Verdict.INVALID, Verdict.INCONCLUSIVE):
        raise ProvesNothing(f"{judgement.verdict}: {'; '.join(judgement.reasons)}")
    return Outcome(judgement)


class ProvesNothing(Exception):
    """The scenario ran, and says nothing about Milvus."""


def _or_usage_error(do: Callable[[], T]) -> T:
    """Turn an error of ours into pytest's own for bad input: one line, exit code 4."""
    try:
        return do()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
    except ModuleNotFoundError as error:
        if lacks := lacking(error, where="running scenarios"):
            raise pytest.UsageError(str(lacks)) from None
        raise
