"""The stretch before anything is done to the cluster: it goes on until it is calm enough to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, monotonic_ns

from harness.checks.windows import Span
from harness.errors import ClusterError
from harness.history import NS_PER_S, Event, EventKind
from harness.plan.plan import Plan
from harness.plan.scenario import STEADY_PATIENCE_S
from harness.run.disturbance import disturbance, is_too_short
from harness.run.progress import Reporter
from harness.slo.surroundings import is_lack
from harness.store.scenario_folder import ScenarioFolder
from harness.verdict import Validity

# How much of a stretch that was not calm is left behind at a time.
_LOOK_AGAIN_S = 10.0


@dataclass(frozen=True)
class SteadyState:
    """What it is measured with: `wait` passes time under traffic, `append` writes an event."""

    plan: Plan
    folder: ScenarioFolder
    reporter: Reporter
    wait: Callable[[float], None]
    append: Callable[[Event], None]

    def measure(self) -> None:
        """Measure the steady state: the first stretch that is calm, or the last one where patience ends before.

        The phase is written down once it is over, so that the history holds the one that counts. Errors: ClusterError
        where the machine is too slow for the traffic.
        """
        name, steady_s = self.plan.scenario.name, self.plan.scenario.steady_s
        self.reporter.phase(f"{name}: steady", steady_s)
        self.wait(steady_s)
        patient_until_s = monotonic() + STEADY_PATIENCE_S
        while unmet := self._disturbed(span := _last(steady_s)):
            if is_lack(unmet[0]):
                self._was(span)  # so that the judge sees the same stretch
                what = f"the machine is too slow for this traffic: {unmet[0].measured}"
                raise ClusterError(what, where="steady state", mend="give it more cores, or lower search_rate")
            if monotonic() + _LOOK_AGAIN_S > patient_until_s:
                break
            why = "; ".join(f"{check.what}: {check.measured}" for check in unmet)
            self.append(Event(monotonic_ns(), EventKind.NOTE, "steady", f"not calm, so it goes on: {why}"))
            self.reporter.say(f"{name}: not calm, so the steady state goes on ({why})")
            self.wait(_LOOK_AGAIN_S)
        self._was(span)

    def _disturbed(self, span: Span) -> tuple[Validity, ...]:
        """Return why a stretch is no steady state. One too short to be judged is its writer's choice, and is taken."""
        return () if is_too_short(self.plan) else disturbance(self.folder, span, self.plan.thresholds)

    def _was(self, span: Span) -> None:
        self.append(Event(span[0], EventKind.PHASE, "steady", "begin"))
        self.append(Event(span[1], EventKind.PHASE, "steady", "end"))


def _last(seconds: float) -> Span:
    end_ns = monotonic_ns()
    return end_ns - round(seconds * NS_PER_S), end_ns
