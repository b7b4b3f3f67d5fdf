"""Whether a stretch of traffic was calm enough to compare a fault with: looked at before the fault is done."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from harness.checks.answers import answers
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Span, windows
from harness.plan.plan import Plan
from harness.slo.evidence import judges
from harness.slo.guard import Guard
from harness.slo.inputs import inputs_of
from harness.slo.surroundings import lack_first
from harness.store.scenario_folder import ScenarioFolder
from harness.verdict import Validity


def is_too_short(plan: Plan) -> bool:
    """Whether a plan proves nothing however it goes: such are written to try things out."""
    return plan.scenario.steady_s < plan.thresholds.steady_s


def disturbance(folder: ScenarioFolder, span: Span, thresholds: Thresholds) -> tuple[Validity, ...]:
    """Return what keeps [begin, end) from being a steady state, by the rules that judge it later.

    Where the machine is too slow that is the first; waiting does not mend it, as it does what others do. Traffic may
    still be flowing: what has been recorded by now is looked at. Raises BadInput for damaged records.
    """
    history = folder.read_history(live=True)
    within = replace(windows(history), steady=span, begin_ns=span[0], end_ns=span[1])
    at = inputs_of(history, answers(history, thresholds), within, {}, thresholds)
    guard = Guard()
    steady = [row for name, judge in judges() for row in guard.all(name, partial(judge.steady, at))]
    others = [row for name, judge in judges() for row in guard.all(name, partial(judge.disturbances, at))]
    unmet = [row for row in (*guard.conditions(), *steady, *others) if not row.ok]
    return guard("lack", lambda: lack_first(unmet, at), tuple(unmet))
