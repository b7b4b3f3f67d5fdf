"""Carry out rows of the matrix against a real cluster, and compare what fired with what had to."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import Unsupported
from harness.run.options import RunOptions
from harness.run.progress import Reporter
from harness.run.scenario_run import Wanted, check, plan_of, platform_of, run_scenario
from harness.run.traffic import collection_name
from harness.selftest.backdoor import Backdoor, Interposed, Plants
from harness.selftest.row import Row
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged, Skipped
from harness.verbs import Platform
from harness.verdict import Judgement, Verdict

# A row may be in vain twice; every attempt is kept, and said.
_TRIES = 3


@dataclass(frozen=True)
class Detected:
    """A row with what fired. `failed` is what went wrong with it, empty where it did as declared."""

    row: Row
    judged: Judged
    fired: frozenset[str]

    @property
    def failed(self) -> str:
        """Why the row fails, in one line."""
        missing, odd = self.row.must - self.fired, self.fired - self.row.must - self.row.may
        verdict = self.judged.judgement.verdict
        told = [f"did not fire: {', '.join(sorted(missing))}"] if missing else []
        told += [f"fired, undeclared: {', '.join(sorted(odd))}"] if odd else []
        told += [f"the verdict is {verdict}"] if (verdict is Verdict.PASS) != (not self.row.must) else []
        return "; ".join(told)

    @property
    def proved_nothing(self) -> bool:
        """Whether it failed for what makes a run INVALID or leaves it open: that says nothing of the check."""
        unsound = {check.what for check in self.judged.judgement.validity if not check.ok}
        return bool(self.failed) and bool(unsound - self.row.must - self.row.may)


def fired(judgement: Judgement) -> frozenset[str]:
    """Return the checks that say something is wrong: figures over their limits, and what makes it INVALID."""
    figures = {row.figure for row in judgement.slos if row.passed is False}
    checks = {check.what for check in judgement.validity if not check.ok}
    return frozenset(figures | checks)


def name_of(row: Row) -> str:
    """Return what a row's scenario is called in its run."""
    return f"row-{row.number}"


@dataclass(frozen=True)
class Prepared:
    """A row that can be carried out here: what is run of it, by which options."""

    row: Row
    wanted: Wanted
    options: RunOptions


def prepare(row: Row, options: RunOptions, run: RunFolder, platform: Platform) -> Prepared:
    """Plan a row. Errors: Unsupported where the platform can't plant it, BadInput."""
    slo = None if row.limits is None else _written(run.path / f"limits-{row.number}.toml", row.limits)
    own = replace(options, slo=slo, scenarios=frozenset({row.scenario.name}))
    wanted = Wanted(plan_of(row.scenario, "fast", 1, own, platform), name_of(row), command_of([row.number], options))
    if not isinstance(platform, row.platform):
        what = f"it is planted on {row.platform.__name__} alone"
        raise Unsupported(what, where=f"row {row.number}", mend="take another platform")
    check(wanted, own, platform)
    return Prepared(row, wanted, own)


def detect(prepared: Prepared, platform: Platform, run: RunFolder, reporter: Reporter) -> Detected:
    """Run a row's scenario with its violation planted."""
    row, wanted, between = prepared.row, prepared.wanted, Interposed()
    planting = Planting(reporter, row.plants, between, run, collection_name(wanted.plan))
    try:
        judged = run_scenario(wanted, prepared.options, platform, run, planting, reach=between.reach)
    finally:
        between.close()
    return Detected(row, judged, fired(judged.judgement))


def command_of(rows: Iterable[str], options: RunOptions) -> str:
    """Return what carries rows out again."""
    given = [("--row", row) for row in rows] + [("--seed", str(options.seed))]
    words = (word for pair in given for word in pair)
    return shlex.join(["harness", "selftest", *words, *options.platform.words])


class Planting:
    """A reporter that plants a row's violation as the phase begins that it belongs to."""

    def __init__(
        self, reporter: Reporter, plants: Plants, between: Interposed, run: RunFolder, collection: str
    ) -> None:
        self._reporter, self._plants = reporter, plants
        self._between, self._run, self._collection = between, run, collection

    def say(self, text: str) -> None:
        """Say something once."""
        self._reporter.say(text)

    def phase(self, name: str, total_s: float) -> None:
        """Begin a phase, and plant what belongs there."""
        self._reporter.phase(name, total_s)
        plant = self._plants.get(name.rpartition(": ")[2])
        if plant:
            newest = list(self._run.scenarios())[-1]
            plant(Backdoor(self._between, self._collection, newest))

    def tick(self, done_s: float, *, rate: float, errors: int) -> None:
        """Show how far the phase is."""
        self._reporter.tick(done_s, rate=rate, errors=errors)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._reporter.close()


def _written(path: Path, limits: Mapping[str, float]) -> Path:
    lines = [f"{name} = {value}" for name, value in limits.items()]
    path.write_text("\n".join(["[defaults]", *lines, ""]), encoding="utf-8")
    return path


def run_matrix(
    rows: tuple[Row, ...], options: RunOptions, run: RunFolder, reporter: Reporter
) -> Iterator[Detected | Skipped]:
    """Carry out rows one after another; one that proved nothing, on a machine that others used, is run again.

    What a platform can't plant is said, and skipped. Errors: BadInput for a row that can't be run, before the first is.
    """
    platform = platform_of(options)
    try:
        prepared = [_prepared(row, options, run, platform) for row in rows]
        for one in prepared:
            if isinstance(one, Skipped):
                reporter.say(f"{one.title}: skipped: {one.reason}")
                yield one
            else:
                yield _detected(one, platform, run, reporter)
    finally:
        platform.close()


def _prepared(row: Row, options: RunOptions, run: RunFolder, platform: Platform) -> Prepared | Skipped:
    try:
        return prepare(row, options, run, platform)
    except Unsupported as error:
        return Skipped(name_of(row), f"row {row.number}, {row.violation}", str(error))


def _detected(prepared: Prepared, platform: Platform, run: RunFolder, reporter: Reporter) -> Detected:
    row = prepared.row
    for _ in range(_TRIES):
        found = detect(prepared, platform, run, reporter)
        reporter.say(f"row {row.number}, {row.violation}: {found.failed or 'as declared'}")
        if not found.proved_nothing:
            break
    return found
