"""The one pure function from a history and its limits to a verdict and everything it rests on."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator

from harness.checks.answers import Answers, answers
from harness.checks.evidence import answer_findings
from harness.checks.machine import lack_first
from harness.checks.members import member_findings
from harness.checks.steady import steady_state
from harness.checks.thresholds import DEFAULT, Thresholds
from harness.checks.valid import ledger_sound, validity
from harness.checks.windows import Windows, windows
from harness.checks.yardstick import same_machine
from harness.history import NS_PER_S, EventKind, History
from harness.slo.clients import Clients, clients, search_marks
from harness.slo.figures import DATA, FIGURES, MEMBERS, PERCENTILES, RECOVERIES, Figure
from harness.slo.guard import Guard
from harness.slo.held import Held, held_to
from harness.slo.inputs import Inputs, inputs_of
from harness.slo.late_sending import late_sending
from harness.slo.limits import Limits
from harness.slo.measure import (
    NOT_MEASURED,
    Figures,
    Measured,
    data_figures,
    member_figures,
    passed,
    timed_figures,
)
from harness.slo.multiples import bases_of
from harness.slo.proof import limit_findings
from harness.verdict import Finding, Judgement, Marks, SloRow, Validity, Verdict, of_scenario

NO_CLIENTS: Clients = {}


def judge(
    history: History,
    limits: Limits,
    thresholds: Thresholds = DEFAULT,
    *,
    expects_fault: bool = True,
    answered: Answers | None = None,
    session_s: float | None = None,
    older: bool = False,
) -> Judgement:
    """Judge a scenario by its history alone; the same arguments give the same judgement, bit for bit.

    `expects_fault`: the plan breaks something, so a run in which nothing took effect is INVALID; else the steady
    figures and the data decide. A history that ends early, or lacks what has a limit, is INVALID. `answered` is
    `answers` of the same history, where a caller has it. `session_s` is Milvus's session time-out. What an `older`
    harness did not look at is shown as not judged.
    """
    at_windows, judged = windows(history), answered or answers(history, thresholds)
    faulted = expects_fault or any(history.of(EventKind.FAULT))
    bases, guard = bases_of(history, session_s, older=older, faulted=faulted), Guard()
    held = held_to(limits, bases, MEMBERS if older else ())
    at = inputs_of(judged, at_windows, held.limits, thresholds, history.traffic)
    seen = guard("moments", lambda: search_marks(at), Marks(at_windows.effect_ns, None, None, None, None))
    served = guard("clients", lambda: clients(at, seen), NO_CLIENTS)
    figures, data_findings = _figures(history, at, served, seen, guard)
    rows = tuple(_row(f, figures.get(f.name, NOT_MEASURED), held) for f in FIGURES if faulted or not f.of_fault)
    violated = guard("ledger", lambda: _violated(history, rows, at_windows, thresholds), instead=False)
    findings = (*data_findings, *guard.all("findings", lambda: _findings(history, judged, at, rows, seen)))
    checks = _conditions(history, judged, at, rows, guard, faulted=faulted, older=older, yardstick=held.yardstick)
    return Judgement(
        verdict=of_scenario(_parts(rows, checks), data_violated=violated),
        reasons=tuple(_reasons(rows, checks, data_findings if violated else ())),
        slos=rows,
        validity=checks,
        findings=findings,
        marks=seen,
        clients=tuple(served.values()),
        crashes=tuple(guard.crashes),
    )


def _figures(
    history: History, at: Inputs, served: Clients, seen: Marks, guard: Guard
) -> tuple[Figures, tuple[Finding, ...]]:
    """Return every figure, and the findings that name rows."""
    none: Figures = {}
    no_findings: tuple[Finding, ...] = ()
    data, findings = guard("data", lambda: data_figures(history), (none, no_findings))
    timed = guard("answers", lambda: timed_figures(at, served, seen), none)
    return {**timed, **guard("members", lambda: member_figures(history, at.windows), none), **data}, findings


def _conditions(
    history: History,
    judged: Answers,
    at: Inputs,
    rows: tuple[SloRow, ...],
    guard: Guard,
    *,
    faulted: bool,
    older: bool,
    yardstick: Collection[str],
) -> tuple[Validity, ...]:
    """Return everything that the verdict rests on; called last, since whatever crashed before is told first."""
    checks = (
        *guard.all("conditions", lambda: _soundness(history, at, faulted=faulted)),
        *guard.all("yardstick", lambda: same_machine(history, at.thresholds, yardstick)),
        *_evidence(rows, at.windows, at.thresholds, older=older),
        *guard.all("sender", lambda: late_sending(history, judged, at, rows)),
    )
    checks = guard("machine", lambda: lack_first(checks, history, at.windows, at.thresholds), checks)
    return (*guard.conditions(), *checks)


def _findings(
    history: History, judged: Answers, at: Inputs, rows: tuple[SloRow, ...], seen: Marks
) -> Iterator[Finding]:
    """Yield what members and answers show beside the rows that were read back."""
    yield from member_findings(history, at.windows)
    broken = {row.figure for row in rows if row.passed is False} - _following(rows)
    yield from answer_findings(judged, at.windows)
    yield from limit_findings(broken, at, seen)


def _row(figure: Figure, measured: Measured, held: Held) -> SloRow:
    limit, basis = held.limits.get(figure.name), held.basis.get(figure.name, "")
    if limit is not None and math.isnan(measured.value) and figure.name in held.unrecorded:
        limit, basis = None, "not judged: the harness that recorded this run did not look at it"
    if not measured.applies:
        limit, basis = None, ""
    return SloRow(
        figure=figure.name,
        label=figure.label,
        unit=figure.unit,
        relation=figure.relation,
        limit=limit,
        value=measured.value,
        n=measured.n,
        interval=measured.interval,
        passed=passed(figure.relation, measured, limit),
        calibrated=held.calibrated,
        needed=measured.needed,
        kind=held.kinds.get(figure.name) if measured.applies else None,
        basis=basis,
    )


def _soundness(history: History, at: Inputs, *, faulted: bool) -> Iterator[Validity]:
    """Yield what the figures' meaning rests on."""
    given = at.held
    yield Validity("Limits", f"{len(given)} figures have one", "at least 1", ok=bool(given))
    percentiles = tuple(p for name, p in PERCENTILES.items() if name.startswith("steady") and name in given)
    yield from steady_state(history, at.searches, at.windows.steady, at.thresholds, percentiles=percentiles)
    gates_data = any(name in given for name in DATA)
    yield from validity(history, at.windows, at.thresholds, expects_fault=faulted, gates_data=gates_data)


def _evidence(rows: Iterable[SloRow], at: Windows, thresholds: Thresholds, *, older: bool) -> Iterator[Validity]:
    """Yield whether every figure with a limit was measured, on enough, and for long enough."""
    gated = [row for row in rows if row.limit is not None]
    missing = ", ".join(row.figure for row in gated if math.isnan(row.value))
    measured = f"not measured: {missing}" if missing else "all measured"
    yield Validity("Figures with a limit", measured, "all measured", ok=not missing)
    yield from () if older else _bases_known(rows)
    undecided = [row for row in gated if row.passed is None and not math.isnan(row.value)]
    # What comes after recovery follows from it.
    for row in (row for row in undecided if math.isfinite(row.value) or row.figure in RECOVERIES):
        measured, required = _too_little(row, at, thresholds)
        yield Validity(f"Evidence for {row.figure}", measured, required, False, Verdict.INCONCLUSIVE)
    if at.healed_ns is not None and at.effect_ns is not None:
        observed_s = (at.end_ns - at.healed_ns) / NS_PER_S
        required = f">= {thresholds.window_s:g} s"
        yield Validity("Observed after the healing", f"{observed_s:.1f} s", required, observed_s >= thresholds.window_s)


def _bases_known(rows: Iterable[SloRow]) -> Iterator[Validity]:
    """Yield that a limit could not be worked out: too little is known to say that it holds."""
    for row in (row for row in rows if row.limit is None and row.basis):
        required = "its bases known; else give a number with --harness-slo"
        yield Validity(f"Limit on {row.figure}", row.basis, required, False, Verdict.INCONCLUSIVE)


def _too_little(row: SloRow, at: Windows, thresholds: Thresholds) -> tuple[str, str]:
    if math.isfinite(row.value):
        return f"n = {row.n}", f">= {row.needed}"
    begin_ns, end_ns = at.judged
    lasting_s = thresholds.window_s
    required = f">= {(row.limit or 0.0) + lasting_s:g} s (its limit, and {lasting_s:g} s in which it must last)"
    return f"infinite, observed for {(end_ns - begin_ns) / NS_PER_S:.0f} s after the effect", required


def _violated(history: History, rows: Iterable[SloRow], at: Windows, thresholds: Thresholds) -> bool:
    """Return whether data was violated beyond its limits, confirmed by a whole ledger and two agreeing reads."""
    over = any(row.passed is False for row in rows if row.figure in DATA)
    return over and all(check.ok for check in ledger_sound(history, at, thresholds))


def _parts(rows: Iterable[SloRow], checks: Iterable[Validity]) -> Iterator[Verdict]:
    yield from (Verdict.PASS if row.passed else Verdict.FAIL for row in rows if row.passed is not None)
    yield from (check.otherwise for check in checks if not check.ok)


def _reasons(rows: tuple[SloRow, ...], checks: tuple[Validity, ...], violations: tuple[Finding, ...]) -> Iterator[str]:
    """Say why it isn't PASS, in the order that decides; what only follows from another reason is left out."""
    told = {f"{finding.check}_rows" for finding in violations}
    yield from (f"{finding.check}: {finding.message}" for finding in violations)
    yield from (_unmet(c) for c in checks if not c.ok and c.otherwise == Verdict.INVALID)
    told |= _following(rows)
    yield from (_missed(row) for row in rows if row.passed is False and row.figure not in told)
    yield from (_unmet(c) for c in checks if not c.ok and c.otherwise != Verdict.INVALID)


def _following(rows: tuple[SloRow, ...]) -> set[str]:
    """Return the figures of what comes after recovery where that never came, and is told of itself."""
    never = any(row.figure == "recover_s" and row.passed is False and math.isinf(row.value) for row in rows)
    return {row.figure for row in rows if never and "recovered" in row.figure and row.n == 0}


def _unmet(check: Validity) -> str:
    return f"{check.what}: {check.measured}, required {check.required}"


def _missed(row: SloRow) -> str:
    limit = _told(row.limit or 0.0, row.unit) + (f" ({row.basis})" if row.basis else "")
    if math.isinf(row.value):
        return f"{row.figure} was never reached (limit {limit})"
    side = "over" if row.relation == "<=" else "under"
    return f"{row.figure} {_told(row.value, row.unit)} is {side} the limit of {limit}"


def _told(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".rstrip()
