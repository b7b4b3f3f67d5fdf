"""Whether a stretch of traffic was calm enough to compare a fault with: looked at before the fault is done."""

from __future__ import annotations

from dataclasses import replace

from harness.checks.answers import answers
from harness.checks.thresholds import Thresholds
from harness.checks.windows import Span, windows
from harness.plan.plan import Plan
from harness.slo.evidence import judges
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
    history = folder.read_history()
    within = replace(windows(history), steady=span, begin_ns=span[0], end_ns=span[1])
    at = inputs_of(history, answers(history, thresholds), within, {}, thresholds)
    steady = [row for _, judge in judges() for row in judge.steady(at)]
    rows = [*steady, *(row for _, judge in judges() for row in judge.disturbances(at))]
    return lack_first([row for row in rows if not row.ok], at)
