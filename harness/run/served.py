"""Whether clients are served again for good: looked at while it is observed, by the rules that judge it later."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.checks.answers import answers
from harness.checks.windows import windows
from harness.history import NS_PER_S
from harness.plan.plan import Plan
from harness.plan.specs import FLUSH_S
from harness.slo.clients import with_moments
from harness.slo.held import held_to
from harness.slo.inputs import inputs_of
from harness.store.scenario_folder import ScenarioFolder


def served_again(folder: ScenarioFolder, plan: Plan, now_ns: int) -> bool:
    """Whether every client's recovery has shown by now that it lasts. Raises BadInput for damaged records."""
    history = folder.read_history(live=True)
    at_windows = windows(history)
    # What was sent since may not be answered or, where it is, not be written down.
    recorded_ns = now_ns - history.traffic.deadline_ns - round(FLUSH_S * NS_PER_S)
    at = inputs_of(
        history,
        answers(history, plan.thresholds),
        replace(at_windows, end_ns=min(at_windows.end_ns, recorded_ns)),
        held_to(plan.limits, plan.bases).limits,
        plan.thresholds,
    )
    return all(math.isfinite(client.recover_s) for client in with_moments(at).served.values())
