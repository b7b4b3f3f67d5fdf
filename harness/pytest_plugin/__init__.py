"""The harness inside pytest: marks, options, the fixture `outcome`. Inert where no scenario is collected."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TypeVar

import pytest

from harness.errors import HarnessError, Unsupported
from harness.pytest_plugin import options as own_options
from harness.pytest_plugin.marks import MARK, marked
from harness.pytest_plugin.outcome import Outcome
from harness.pytest_plugin.pages import add_page
from harness.pytest_plugin.session import HarnessSession, checked, wanted_by
from harness.run.options import RunOptions
from harness.run.scenario_run import Wanted
from harness.verdict import Verdict

T = TypeVar("T")
_SESSION = pytest.StashKey[HarnessSession]()
_WANTED = pytest.StashKey[Wanted]()
_OPTIONS = pytest.StashKey[RunOptions]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    own_options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", f"{MARK}(scenario): the scenario that a test runs; see harness.api")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of every profile and number of replicas that was asked for."""
    if marked(metafunc.definition) and "outcome" in metafunc.fixturenames:
        chosen = _or_usage_error(lambda: own_options.selection(metafunc.config))
        variants = [(profile, replicas) for profile in chosen.profiles for replicas in chosen.replicas]
        names = [f"{profile}-{replicas}" for profile, replicas in variants]
        metafunc.parametrize("outcome", variants, ids=names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the scenarios that were not asked for; ordinary tests stay."""
    chosen = _or_usage_error(lambda: own_options.selection(config))
    out = [i for i in items if (found := marked(i)) and not chosen.takes(found.scenario.name, found.selections)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check everything before anything starts, then open the run's folder and page."""
    items = [item for item in session.items if isinstance(item, pytest.Function) and marked(item)]
    if items:
        _or_usage_error(lambda: _prepare(session, items))


def _prepare(session: pytest.Session, items: list[pytest.Function]) -> None:
    config = session.config
    options, chosen = own_options.run_options(config), own_options.selection(config)
    config.stash[_OPTIONS] = options
    for item in items:
        item.stash[_WANTED] = wanted_by(item, config, options, chosen)
    if config.getoption("--harness-plan"):
        _print_plans(session, items)
        return
    if config.option.collectonly:
        return
    for item in items:
        try:
            checked(item.stash[_WANTED], options)
        except Unsupported as reason:
            item.add_marker(pytest.mark.skip(reason=str(reason)))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    opened = config.stash[_SESSION] = HarnessSession(config, options, chosen)
    config.pluginmanager.register(opened, "harness-session")
    add_page(session, opened.folder)
    for item in items:
        if skipped := item.get_closest_marker("skip"):
            opened.skip(item.stash[_WANTED], str(skipped.kwargs.get("reason", "")))


def _print_plans(session: pytest.Session, items: list[pytest.Function]) -> None:
    writer = session.config.get_terminal_writer()
    for item in items:
        wanted = item.stash[_WANTED]
        writer.line(f"\n{wanted.name}: {wanted.plan.scenario.title}, seed {wanted.plan.seed}")
        for line in wanted.plan.lines():
            writer.line(f"  {line}")
        writer.line(f"  in all about {wanted.plan.expected_s:.0f} s")
    session.items.clear()


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """Run the test's scenario. One that proves nothing is an error, so that the test itself sees PASS or FAIL."""
    judged = request.config.stash[_SESSION].outcome(request.node.stash[_WANTED])
    if judged.judgement.verdict in (Verdict.INVALID, Verdict.INCONCLUSIVE):
        raise ProvesNothing(f"{judged.judgement.verdict}: {'; '.join(judged.judgement.reasons)}")
    return Outcome(judged.judgement)


class ProvesNothing(Exception):  # noqa: N818 - it is no error of the code, and reads as what it says
    """The scenario ran, and says nothing about Milvus."""


def _or_usage_error(do: Callable[[], T]) -> T:
    """Turn an error of ours into pytest's own for bad input: one line, exit code 4."""
    try:
        return do()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
