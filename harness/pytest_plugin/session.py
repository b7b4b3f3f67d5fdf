"""One run of scenarios inside a pytest session: its folder, its verdicts, its page."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from harness.errors import BadInput, HarnessError
from harness.pytest_plugin.marks import marked
from harness.pytest_plugin.options import Selection
from harness.report import page
from harness.report.summary import summary
from harness.report.view import RunView
from harness.run.disturbance import is_too_short
from harness.run.environment import environment
from harness.run.judging import review
from harness.run.options import RunOptions
from harness.run.progress import LiveProgress, PlainProgress, Reporter
from harness.run.scenario_run import Wanted, plan_of, run_scenario
from harness.slo.surroundings import is_lack
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, RunRecord, Skipped
from harness.verbs import Platform
from harness.verdict import EXIT_DEFECT, EXIT_INTERRUPTED, Verdict


class HarnessSession:
    """Registered as a plugin once scenarios were collected; until then pytest is left alone."""

    def __init__(
        self,
        config: pytest.Config,
        options: RunOptions,
        chosen: Selection,
        platform: Platform,
        wanted: Iterable[Wanted],
    ) -> None:
        self._config, self._options, self._selection, self._platform = config, options, chosen, platform
        self._skipped: list[Skipped] = []
        self._view: RunView | None = None
        self._defect = ""  # why there is no view
        self.folder = RunFolder.create(options.reports, self._record(wanted))
        self.reporter = _reporter(config)

    def outcome(self, wanted: Wanted) -> Judged:
        """Run a scenario; one that proves nothing is run again, unless the machine is too slow for it."""
        reruns = 0 if is_too_short(wanted.plan) else self._options.retries
        for attempt in range(reruns + 1):
            judged = run_scenario(wanted, self._options, self._platform, self.folder, self.reporter)
            verdict = judged.judgement.verdict
            self.reporter.say(f"{wanted.name}: {verdict}" + _because(judged))
            too_slow = any(map(is_lack, judged.judgement.validity))
            if verdict in (Verdict.PASS, Verdict.FAIL) or attempt == reruns or too_slow:
                break
            self.reporter.say(f"{wanted.name}: it proves nothing, so it is run once more; all are kept")
        return judged

    def skip(self, wanted: Wanted, reason: str) -> None:
        """Note a scenario that can't be run here."""
        self._skipped.append(Skipped(wanted.name, wanted.plan.scenario.title, reason))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Judge the run from its folder, let pytest-html write its page around that, and set the exit code."""
        self._close_platform()
        try:
            self._judge(session)
        except Exception as error:  # noqa: BLE001 - pytest would end with 1, which is a FAIL of Milvus's
            self._defect = f"harness: the run can't be judged: {type(error).__name__}: {error}"
            session.exitstatus = EXIT_DEFECT
        self.reporter.close()
        yield
        if not self._view:
            return
        if self._writes_page:
            page.finish(self.folder.page, self._view)
        else:
            page.renew(self.folder.page, self._view)

    def _judge(self, session: pytest.Session) -> None:
        view = review(self.folder, skipped=self._skipped)
        self.folder.write_verdict(view.verdict)
        self.folder.summary.write_text(summary(view), encoding="utf-8")
        session.exitstatus = _exit_code(session, view.verdict.verdict)
        self._view = view

    def pytest_html_report_title(self, report: object) -> None:
        """Name the page after the run."""
        report.title = f"{self._selection.name}, seed {self._options.seed}"  # type: ignore[attr-defined]  # pytest-html's

    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the verdict and the panels on top of pytest-html's table."""
        if self._view and self._writes_page:
            prefix.append(str(page.fragment(self._view)))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say the verdict, why, and where the page is."""
        if self._defect:
            terminalreporter.write_line(self._defect)
        if self._view:
            verdict = self._view.verdict
            terminalreporter.section(f"{verdict.verdict}", sep="=")
            terminalreporter.write_line(verdict.sentence)
            terminalreporter.write_line(f"page: {self.folder.page}")

    def _close_platform(self) -> None:
        """What can't be removed must not take the page with it; harness heal removes it later."""
        try:
            self._platform.close()
        except HarnessError as error:
            self.reporter.say(str(error))

    @property
    def _writes_page(self) -> bool:
        """Whether pytest-html writes the run's page; with --html it writes the user's own, and ours stands alone."""
        return bool(self._config.option.htmlpath == str(self.folder.page))

    def _record(self, wanted: Iterable[Wanted]) -> RunRecord:
        return RunRecord(
            selection=self._selection.name,
            seed=self._options.seed,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command(self._config),
            platform=self._platform.name,
            profile=", ".join(self._selection.profiles),
            milvus=self._options.milvus or "",
            environment=environment(),
            selected=tuple(dict.fromkeys(one.name for one in wanted)),
        )


def command(config: pytest.Config, node: str = "") -> str:
    """Return the command that repeats the run, or one test of it. It never holds a secret: no option takes one."""
    arguments = [str(argument) for argument in config.invocation_params.args]
    options = [argument for argument in arguments if not (node and _is_path(argument))]
    return shlex.join(["pytest", *([node] if node else []), *options])


def wanted_by(
    item: pytest.Function, config: pytest.Config, options: RunOptions, chosen: Selection, platform: Platform
) -> Wanted:
    """Return what a collected test wants to be run. Errors: BadInput."""
    found = marked(item)
    if found is None:
        raise BadInput(f"{item.name} names no scenario", where=item.nodeid, mend="mark it with @scenario(...)")
    if "outcome" not in item.fixturenames:
        raise BadInput(f"{item.name} does not run its scenario", where=item.nodeid, mend="give it the argument outcome")
    profile, replicas = cast("tuple[str, int]", item.callspec.params["outcome"])
    scenario = replace(found.scenario, milvus=options.milvus or found.scenario.milvus)
    plan = plan_of(scenario, profile, replicas, options, platform)
    many = len(chosen.profiles) * len(chosen.replicas) > 1
    name = f"{scenario.name}-{profile}-{replicas}" if many else scenario.name
    return Wanted(plan, name, command(config, item.nodeid))


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") and Path(argument.partition("::")[0]).exists()


def _because(judged: Judged) -> str:
    return f", {judged.judgement.reasons[0]}" if judged.judgement.reasons else ""


def _exit_code(session: pytest.Session, verdict: Verdict) -> int:
    if session.exitstatus == pytest.ExitCode.INTERRUPTED:
        return EXIT_INTERRUPTED
    if session.exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        return EXIT_DEFECT  # its own number is that of INVALID
    told_by_verdict = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    # A PASS of the scenarios says nothing of the ordinary tests beside them.
    return verdict.exit_code if told_by_verdict and verdict is not Verdict.PASS else int(session.exitstatus)


def _reporter(config: pytest.Config) -> Reporter:
    terminal: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    # Inside a test standard output is pytest's.
    visible = capture.global_and_fixture_disabled if capture else nullcontext
    if terminal and terminal.isatty and not os.environ.get("CI"):
        return LiveProgress(sys.__stdout__ or sys.stdout, visible)

    def write(text: str) -> None:
        if terminal:
            with visible():
                terminal.ensure_newline()
                terminal.write_line(text)
                terminal.flush()  # in a file or a pipe each line must be there when it is said

    return PlainProgress(write)
