"""Would a wrong check be noticed? tox -e mutants [-- --module checks.recovery].

Every pure check, and what makes figures and a verdict of them, is changed in one place at a time (cosmic-ray makes the
changes), and the recorded runs in tests/data are judged by what came of it, in a process of its own. A mutant is killed
where any verdict, figure or finding of them differs; else by a unit test that runs the line. What survives both must
be in equivalent_mutants.toml, with the reason why it is no different. Ends with 1 where one is not listed, or one that
is listed is killed.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path

import numpy as np
import pytest
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from coverage import CoverageData
from hypothesis import Phase, settings

from harness.history import History
from harness.store.record import ScenarioRecord
from harness.store.run_folder import RunFolder

TOP = Path(__file__).parents[1]
HARNESS, TESTS = TOP / "harness", TOP / "tests"
_JUDGING = (
    *("clients", "guard", "inputs", "judge", "late_sending", "measures"),
    *("proof", "reasons", "sufficient", "surroundings"),
)
_DRAWING_AND_RECORDING = ("section", "charts", "recorder", "yardstick", "quota")
MODULES = (
    *sorted(HARNESS.glob("checks/[a-z]*.py")),
    *(HARNESS / "slo" / f"{name}.py" for name in _JUDGING),
    *(path for path in sorted(HARNESS.glob("evidence/*/[a-z]*.py")) if path.stem not in _DRAWING_AND_RECORDING),
)
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
_COMPARISONS = "Lt_LtE LtE_Lt Gt_GtE GtE_Gt Lt_GtE LtE_Gt Gt_LtE GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"
_ARITHMETIC = "Add_Sub Sub_Add Mul_FloorDiv Div_Mul FloorDiv_Mul Mod_Mul BitAnd_BitOr BitOr_BitAnd LShift_RShift"
OPERATORS = (
    *(f"core/ReplaceComparisonOperator_{name}" for name in _COMPARISONS.split()),
    *(f"core/ReplaceBinaryOperator_{name}" for name in _ARITHMETIC.split()),
    *(f"core/ReplaceUnaryOperator_{name}" for name in ("Delete_Not", "Delete_Invert", "Delete_USub")),
    *(f"core/{name}" for name in ("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse")),
    *(f"core/{name}" for name in ("ReplaceFalseWithTrue", "ReplaceBreakWithContinue", "ZeroIterationForLoop")),
    "core/NumberReplacer",
)
_UNIT_TESTS = sorted(
    str(path)
    for what in ("checks_*", "slo_*", "blame", "explained", "way_in")
    for path in TESTS.glob(f"unit/test_{what}.py")
)
# A change that never ends is noticed by that. Judging everything recorded takes seconds, the unit tests half a minute.
_JUDGING_S, _TESTING_S = 60, 150
_PYTEST = ("-x", "-q", "--assert=plain", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Mutant:
    """A module, as checks.recovery, with one change: the line as it was, and what it became."""

    module: str
    line: int
    was: str
    becomes: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by when lines move."""
        return self.module, self.was, self.becomes


Case = tuple[ScenarioRecord, History]


def mutants(module: Path) -> Iterator[Mutant]:
    """Yield every change of a module that is one: types are not looked at when it runs, nor what guards a dataclass."""
    source = module.read_text(encoding="utf-8")
    seen = {None, _meaning(source)}
    for name in OPERATORS:
        operator, occurrence = get_operator(name)(), 0
        while changed := mutate_code(source.encode(), operator, occurrence):
            occurrence += 1
            meaning = _meaning(changed)
            if meaning not in seen:
                seen.add(meaning)
                yield _told(name_of(module), source, changed)


def name_of(module: Path) -> str:
    """Return what a module is called, as checks.recovery."""
    return ".".join(module.relative_to(HARNESS).with_suffix("").parts)


def _meaning(source: str) -> str | None:
    """Return a module without its types and its classes' decorators; None where it is none at all."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a lone * among parameters is taken for a product
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.ClassDef):
            node.decorator_list = []
    return ast.dump(tree)


def _told(module: str, source: str, changed: str) -> Mutant:
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    line, was, becomes = next((n, a.strip(), b.strip()) for n, (a, b) in enumerate(pairs, 1) if a != b)
    return Mutant(module, line, was, becomes, changed)


class _Instead(MetaPathFinder, InspectLoader):
    """Gives a mutant to whoever imports its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """Find the module of the mutant, and no other."""
        return spec_from_loader(fullname, self) if fullname == f"harness.{self._mutant.module}" else None

    def get_source(self, _: str) -> str:
        """Return what to compile."""
        return self._mutant.source


def _put_in_place(mutant: Mutant, *forgotten: str) -> None:
    for name in [name for name in sys.modules if name.startswith(forgotten)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Instead(mutant))


def judged(case: Case) -> tuple[object, ...]:
    """Judge and draw a recorded scenario by whatever checks are in place."""
    record, history = case
    part = importlib.import_module
    limits = part("harness.slo.limits").Limits.of(record.limits, strict=False)
    thresholds = part("harness.checks.thresholds").thresholds_of(record.thresholds, where="scenario.json")
    answered = part("harness.checks.answers").answers(history, thresholds)
    expects_fault = record.faults > 0
    judgement = part("harness.slo.judge").judge(
        history, limits, thresholds, expects_fault=expects_fault, answered=answered
    )
    drawn = vars(part("harness.checks.timeline").timeline(answered))
    way_in = part("harness.evidence.way_in.broken").way_in(history, thresholds, answered)
    return repr(judgement), repr(way_in), *(np.asarray(column).tobytes() for column in drawn.values())


def changes_a_verdict(mutant: Mutant) -> bool:
    """Return whether a recorded scenario is judged differently, or not at all."""
    signal.alarm(_JUDGING_S)
    _put_in_place(mutant, "harness.checks", "harness.slo", "harness.evidence", "harness.report.section")
    try:
        return any(judged(case) != told for case, told in _recorded())
    except Exception:  # noqa: BLE001 - whatever it breaks by, it is noticed
        return True


def fails_a_test(mutant: Mutant) -> bool:
    """Return whether a unit test of the checks notices."""
    signal.alarm(_TESTING_S)
    tests = _tests_by_line()[mutant.module].get(mutant.line, _UNIT_TESTS)
    _put_in_place(mutant, "harness", "tests")
    # That there is an example is enough, it need not be the smallest; and each run takes the same ones.
    settings.register_profile("any", phases=(Phase.explicit, Phase.generate), derandomize=True, database=None)
    settings.load_profile("any")
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - the process ends
    own_first = sorted(tests, key=lambda test: mutant.module.replace(".", "_") not in test)
    return pytest.main([*_PYTEST, *own_first]) != 0


@cache
def _tests_by_line() -> Mapping[str, Mapping[int, Sequence[str]]]:
    """Return, by module and line, the tests that run it; a line that is run as its module is read is not there."""
    with tempfile.TemporaryDirectory() as place:
        wanted, found = Path(place) / "wanted", Path(place) / "found"
        wanted.write_text(f"[run]\ndynamic_context = test_function\nsource = {HARNESS}\ndata_file = {found}\n")
        command = [sys.executable, "-m", "coverage", "run", f"--rcfile={wanted}", "-m", "pytest", *_PYTEST]
        subprocess.run([*command, *_UNIT_TESTS], check=True, cwd=TOP, stdout=subprocess.DEVNULL)
        data = CoverageData(str(found))
        data.read()
        lines = {name_of(module): data.contexts_by_lineno(str(module)) for module in MODULES}
    return {
        module: {line: [_node(test) for test in tests] for line, tests in known.items() if "" not in tests}
        for module, known in lines.items()
    }


def _node(context: str) -> str:
    """Return a test as pytest names it, from tests.unit.test_judge.test_it."""
    module, _, name = context.rpartition(".")
    return f"{TOP / module.replace('.', '/')}.py::{name}"


@cache
def _recorded() -> tuple[tuple[Case, tuple[object, ...]], ...]:
    """Return every recorded scenario, and how it is judged by the checks as they are; the shortest first."""
    with tempfile.TemporaryDirectory() as place:
        for archive in sorted((TESTS / "data").glob("*.tar.xz")):
            with tarfile.open(archive) as packed:
                packed.extractall(place, filter="data")
        folders = [folder for run in sorted(Path(place).iterdir()) for folder in RunFolder.open(run).scenarios()]
        cases = [(folder.record(), folder.read_history()) for folder in folders]
    cases.sort(key=lambda case: len(case[1].operations))
    return tuple((case, judged(case)) for case in cases)


def killed(mutant: Mutant) -> bool:
    """Return whether anything notices. Each way of noticing has a process of its own, which ends with it."""
    fork = multiprocessing.get_context("fork")
    for notices in (changes_a_verdict, fails_a_test):
        process = fork.Process(target=lambda: os._exit(1 if notices(mutant) else 0))  # noqa: B023 - ends in this turn
        process.start()
        process.join()
        if process.exitcode != 0:  # also one that hung, and was ended
            return True
    return False


def survivors(given: Sequence[Mutant]) -> Iterator[Mutant]:
    """Yield those that nothing notices."""
    _recorded(), _tests_by_line()  # before the processes fork, so that each has them
    for module in (MODULES[0], MODULES[-1]):
        unchanged = Mutant(name_of(module), 0, "", "", module.read_text(encoding="utf-8"))
        assert not killed(unchanged), "what is not changed at all must not be noticed"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (mutant, is_killed) in enumerate(zip(given, pool.map(killed, given), strict=True), 1):
            if number % 100 == 0:
                print(f"{number} of {len(given)} mutants", flush=True)
            if not is_killed:
                yield mutant


def main() -> int:
    """Make all mutants, and tell which survive."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = {name_of(module): module for module in MODULES}
    options.add_argument("--module", choices=[*known], action="append", help="only this one; may be repeated")
    modules = {name: known[name] for name in options.parse_args().module or known}
    made = [mutant for module in modules.values() for mutant in mutants(module)]
    alike = {
        (entry["module"], entry["was"], entry["becomes"])
        for entry in tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
        if entry["module"] in modules
    }
    survived, unknown = [], []
    for mutant in survivors(made):
        survived.append(mutant)
        if mutant.key not in alike:
            unknown.append(mutant)
            place = f"{modules[mutant.module]}:{mutant.line}"
            print(f"survived: {place}\n  - {mutant.was}\n  + {mutant.becomes}", flush=True)
    noticed = alike - {mutant.key for mutant in survived}
    for module, was, becomes in sorted(noticed):
        print(f"listed, yet killed or never made: {module}\n  - {was}\n  + {becomes}")
    counts = f"{len(made) - len(survived)} killed, {len(alike - noticed)} equivalent, {len(unknown)} survived"
    print(f"{len(made)} mutants: {counts}")
    return 1 if unknown or noticed else 0


if __name__ == "__main__":
    sys.exit(main())
