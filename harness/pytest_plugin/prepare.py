"""From the scenarios that were collected to a run: everything checked, then its folder and its page."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from harness.errors import Unsupported
from harness.pytest_plugin.options import Selection, run_options
from harness.pytest_plugin.outcome import RUN
from harness.pytest_plugin.pages import add_page
from harness.pytest_plugin.session import HarnessSession, wanted_by
from harness.run.scenario_run import Wanted, check, platform_of
from harness.verdict import Judgement


def prepare(session: pytest.Session, items: list[pytest.Function], chosen: Selection, known: frozenset[str]) -> None:
    """Check everything before anything starts, then open the run. With --harness-plan print the plans instead.

    `known` are all scenarios that were collected: a file of limits may name any of them.

    Errors: BadInput, ClusterError.
    """
    config = session.config
    options = replace(run_options(config), scenarios=known)
    platform = platform_of(options)
    wanted = {item: wanted_by(item, config, options, chosen, platform) for item in items}
    if config.getoption("--harness-plan"):
        _print_plans(session, list(wanted.values()))
        return
    if config.option.collectonly:
        return
    for item in items:
        try:
            check(wanted[item], options, platform)
        except Unsupported as reason:
            item.add_marker(pytest.mark.skip(reason=str(reason)))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    opened = HarnessSession(config, options, chosen, platform, wanted.values())
    config.pluginmanager.register(opened, "harness-session")
    add_page(session, opened.folder)
    for item in items:
        _hand_over(item, wanted[item], opened)


def _hand_over(item: pytest.Function, wanted: Wanted, opened: HarnessSession) -> None:
    def run() -> Judgement:
        return opened.outcome(wanted).judgement

    item.stash[RUN] = run
    if skipped := item.get_closest_marker("skip"):
        opened.skip(wanted, str(skipped.kwargs.get("reason", "".join(map(str, skipped.args[:1])))))


def _print_plans(session: pytest.Session, plans: list[Wanted]) -> None:
    writer = session.config.get_terminal_writer()
    for wanted in plans:
        writer.line(f"\n{wanted.name}: {wanted.plan.scenario.title}, seed {wanted.plan.seed}")
        for line in wanted.plan.lines():
            writer.line(f"  {line}")
        writer.line(f"  in all about {wanted.plan.expected_s:.0f} s")
    session.items.clear()
