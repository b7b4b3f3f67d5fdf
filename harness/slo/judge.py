"""The one pure function from a history and its limits to a verdict and everything it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from harness.checks.answers import Answers, answers
from harness.checks.thresholds import DEFAULT, Thresholds
from harness.checks.windows import windows
from harness.history import EventKind, History
from harness.slo.clients import Clients, clients, search_marks
from harness.slo.evidence import Judge, Part, figures, judges
from harness.slo.figure import NOT_MEASURED, Figure, Figures, Measured, passed
from harness.slo.guard import Guard
from harness.slo.held import Held, held_to
from harness.slo.inputs import Inputs, inputs_of
from harness.slo.late_sending import late_sending
from harness.slo.limits import Limits
from harness.slo.multiples import bases_of
from harness.slo.reasons import following, reasons
from harness.slo.sufficient import sufficient
from harness.slo.surroundings import lack_first
from harness.verdict import NOTHING_SEEN, Finding, Judgement, SloRow, Validity, Verdict, of_scenario

T = TypeVar("T")
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
    faulted = expects_fault or any(history.of(EventKind.FAULT))
    held = held_to(limits, bases_of(history, session_s, older=older, faulted=faulted), older=older)
    guard = Guard()
    at = _inputs(history, answered or answers(history, thresholds), held, thresholds, guard, faulted=faulted)
    parts = {name: guard(name, partial(one.measure, at), Part()) for name, one in judges()}
    rows = tuple(_rows(parts, held, faulted=faulted))
    counted = tuple(finding for part in parts.values() for finding in part.findings)
    confirmed = guard("confirmation", lambda: _confirmed(at, rows), instead=False)
    findings = (*counted, *_findings(at, rows, guard))
    checks = _conditions(at, rows, held, guard, older=older)
    return Judgement(
        verdict=of_scenario(_parts(rows, checks), data_violated=confirmed),
        reasons=tuple(reasons(rows, checks, _violations(counted) if confirmed else ())),
        slos=rows,
        validity=checks,
        findings=findings,
        marks=at.seen,
        clients=tuple(at.served.values()),
        crashes=tuple(guard.crashes),
    )


def _inputs(
    history: History, answered: Answers, held: Held, thresholds: Thresholds, guard: Guard, *, faulted: bool
) -> Inputs:
    at = inputs_of(history, answered, windows(history), held.limits, thresholds, faulted=faulted)
    nothing_seen = replace(NOTHING_SEEN, effect_ns=at.windows.effect_ns)
    at = replace(at, yardstick=held.yardstick, seen=guard("moments", lambda: search_marks(at), nothing_seen))
    return replace(at, served=guard("clients", lambda: clients(at, at.seen), NO_CLIENTS))


def _violations(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    deciding = {figure.witness for figure in figures() if figure.decides}
    return tuple(finding for finding in findings if finding.check in deciding)


def _rows(parts: Mapping[str, Part], held: Held, *, faulted: bool) -> Iterator[SloRow]:
    """Yield every figure beside its limit."""
    measured: Figures = {name: value for part in parts.values() for name, value in part.figures.items()}
    for figure in figures():
        if faulted or not figure.of_fault:
            yield _row(figure, measured.get(figure.name, NOT_MEASURED), held)


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


def _confirmed(at: Inputs, rows: Iterable[SloRow]) -> bool:
    """Return whether a figure that decides is beyond its limit, and what that must rest on holds."""
    over = {row.figure for row in rows if row.passed is False}
    return any(_violated(judge, over) and _holds(judge.confirmation(at)) for _, judge in judges())


def _holds(checks: Iterable[Validity]) -> bool:
    """Whether all hold; where none is told nothing was confirmed."""
    told = [check.ok for check in checks]
    return bool(told) and all(told)


def _violated(judge: Judge, over: set[str]) -> bool:
    return any(figure.decides and figure.name in over for figure in judge.figures)


def _conditions(at: Inputs, rows: tuple[SloRow, ...], held: Held, guard: Guard, *, older: bool) -> tuple[Validity, ...]:
    """Return everything that the verdict rests on; called last, since whatever crashed before is told first."""
    complete = at.history.complete
    checks = (
        Validity("Limits", f"{len(held.limits)} figures have one", "at least 1", ok=any(map(_asks, rows))),
        *_each(guard, lambda judge: judge.steady(at)),
        Validity("Run complete", "yes" if complete else "no", "yes", ok=complete),
        *_each(guard, lambda judge: judge.conditions(at)),
        *sufficient(rows, at, older=older),
        *guard.all("sender", lambda: late_sending(at, rows)),
    )
    checks = guard("lack", lambda: lack_first(checks, at), checks)
    return (*guard.conditions(), *checks)


def _asks(row: SloRow) -> bool:
    """Whether a figure is held to something in this scenario, or would be if that were known."""
    return row.limit is not None or bool(row.basis)


def _findings(at: Inputs, rows: tuple[SloRow, ...], guard: Guard) -> Iterator[Finding]:
    """Yield what was seen beside what figures count, then what the limits that were broken come from."""
    broken = {row.figure for row in rows if row.passed is False} - following(rows)
    yield from _each(guard, lambda judge: judge.findings(at))
    yield from _each(guard, lambda judge: judge.proofs(at, broken))


def _each(guard: Guard, ask: Callable[[Judge], Iterator[T]]) -> Iterator[T]:
    for name, judge in judges():
        yield from guard.all(name, partial(ask, judge))


def _parts(rows: Iterable[SloRow], checks: Iterable[Validity]) -> Iterator[Verdict]:
    yield from (Verdict.PASS if row.passed else Verdict.FAIL for row in rows if row.passed is not None)
    yield from (check.otherwise for check in checks if not check.ok)
