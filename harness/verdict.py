"""The four verdicts, their precedence and their exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """PASS and FAIL speak of Milvus; INVALID says the run proves nothing; INCONCLUSIVE, too little."""

    PASS = "PASS"  # noqa: S105 - the word of the verdict, no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"

    @property
    def exit_code(self) -> int:
        """Of the command line: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 INVALID."""
        return _EXIT_CODES[self]


_EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 2, Verdict.INVALID: 3}
EXIT_BAD_INPUT = 4
EXIT_DEFECT = 70
EXIT_INTERRUPTED = 130

# A scenario that was not measured soundly says nothing, not even that Milvus failed.
_IN_A_SCENARIO = (Verdict.INVALID, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
# In a run one sound FAIL is enough, whatever else could not be measured.
_IN_A_RUN = (Verdict.FAIL, Verdict.INVALID, Verdict.INCONCLUSIVE, Verdict.PASS)


def of_scenario(parts: Iterable[Verdict], *, data_violated: bool) -> Verdict:
    """Judge one scenario: a confirmed data violation is FAIL whatever else; then INVALID > FAIL > INCONCLUSIVE."""
    if data_violated:
        return Verdict.FAIL
    return _worst(parts, _IN_A_SCENARIO)


def of_run(scenarios: Iterable[Verdict], *, skipped: int = 0) -> Verdict:
    """Judge a run: FAIL > INVALID > INCONCLUSIVE > PASS; a skip counts as INCONCLUSIVE, none run as INVALID."""
    judged = [*scenarios, *([Verdict.INCONCLUSIVE] * skipped)]
    if len(judged) == skipped:
        return Verdict.INVALID
    return _worst(judged, _IN_A_RUN)


def _worst(verdicts: Iterable[Verdict], order: tuple[Verdict, ...]) -> Verdict:
    return min(verdicts, key=order.index, default=Verdict.PASS)


class LimitKind(StrEnum):
    """What a limit is made of, so where it is true.

    MILVUS: counts, content, recall and Milvus's own clocks, the same on every machine. RELATIVE: to what the same run
    measured. SLO: milliseconds and seconds that a user holds this machine to.
    """

    MILVUS = "milvus"
    RELATIVE = "relative"
    SLO = "slo"


@dataclass(frozen=True)
class SloRow:
    """One figure beside its limit. Without a limit it informs and `passed` is None; inf is a real value.

    `relation` is "<=" or ">=". `n` is how many operations (or seconds, rows) the figure rests on, `needed` how many
    it must be to be held to a limit; `interval` its 95% bootstrap interval where there is one. `kind` is that of the
    limit, None where there is none; `basis` says what the limit is made of, or why it could not be judged.
    """

    figure: str
    label: str
    unit: str
    relation: str
    limit: float | None
    value: float
    n: int
    interval: tuple[float, float] | None
    passed: bool | None
    calibrated: bool
    needed: int = 0
    kind: LimitKind | None = None
    basis: str = ""


@dataclass(frozen=True)
class Validity:
    """One thing that makes the run's figures mean something. Not ok: `otherwise` is the scenario's verdict."""

    what: str
    measured: str
    required: str
    ok: bool
    otherwise: Verdict = Verdict.INVALID


@dataclass(frozen=True)
class Finding:
    """A violation with the operations and keys that prove it (the first few; `count` is how many in all).

    `t_ns` is when it showed; None where its operations tell.
    """

    check: str
    message: str
    count: int
    keys: tuple[int, ...] = ()
    op_ids: tuple[int, ...] = ()
    t_ns: int | None = None


@dataclass(frozen=True)
class Marks:
    """Moments of the fault as clients saw them; None where there was none (no impact, never recovered)."""

    effect_ns: int | None
    healed_ns: int | None
    detect_ns: int | None
    first_success_ns: int | None
    recovered_ns: int | None


NOTHING_SEEN = Marks(None, None, None, None, None)


@dataclass(frozen=True)
class Client:
    """How one kind of client was served from the fault's effect on; without a fault, all along.

    `name`: "search" (a tuned client, on a schedule), "stock" (an application with pymilvus as it comes), "write",
    "read" (Strong, by key). `n` operations were due, one `every_s`: no moment is known closer. NaN is no impact, or
    nothing to measure it by; inf is never.
    """

    name: str
    n: int
    every_s: float
    detect_s: float
    first_success_s: float
    recover_s: float
    availability: float
    bad_s: float
    down_s: float
    longest_outage_s: float


@dataclass(frozen=True)
class Crash:
    """A check that crashed: its name, its error in a line, and the traceback."""

    check: str
    error: str
    traceback: str


@dataclass(frozen=True)
class Judgement:
    """A scenario's verdict and everything it rests on. `reasons` say why it isn't PASS, worst first."""

    verdict: Verdict
    reasons: tuple[str, ...]
    slos: tuple[SloRow, ...]
    validity: tuple[Validity, ...]
    findings: tuple[Finding, ...]
    marks: Marks
    clients: tuple[Client, ...] = ()
    crashes: tuple[Crash, ...] = ()
