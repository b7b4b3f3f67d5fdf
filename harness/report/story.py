"""What the charts show, in a few sentences: for those who cannot see them, and for those who first want the gist."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.history import EventKind, History, Result
from harness.kind import Kind
from harness.report.axis import Axis
from harness.report.text import count_text, joined, offset_text, plural
from harness.report.view import ScenarioView


def story(view: ScenarioView, axis: Axis) -> str:
    """Return the course of a scenario as prose, each sentence from the history or the judgement alone."""
    if view.history.traffic.is_none:
        return " ".join(["Nobody sent any traffic.", *_fault(view, axis)])
    return " ".join([*_offered(view), *_fault(view, axis), *_impact(view, axis), *_outcomes(view)])


_NAMES = {
    Kind.SEARCH: ("search", "searches"),
    Kind.INSERT: ("insert", "inserts"),
    Kind.DELETE: ("delete", "deletes"),
    Kind.UPSERT: ("upsert", "upserts"),
    Kind.READ: ("Strong read of the newest write", "Strong reads of the newest write"),
    Kind.STOCK: ("search through stock pymilvus", "searches through stock pymilvus"),
}


def _offered(view: ScenarioView) -> Iterator[str]:
    traffic = view.history.traffic
    rates = ((traffic.rate(kind), *_NAMES[kind]) for kind in Kind)
    offered = joined([f"{rate:g} {one if rate == 1 else many}" for rate, one, many in rates if rate > 0])
    yield f"Clients offered {offered} a second, {count_text(len(view.history.operations))} operations in all."


def _fault(view: ScenarioView, axis: Axis) -> Iterator[str]:
    effects = list(view.history.of(EventKind.FAULT, what="effect"))
    if len(effects) == 1:
        yield f"At 0 s the fault took effect: {effects[0].name}."
    elif effects:
        yield f"{plural(len(effects), 'fault')} took effect, the first at 0 s."
    elif any(view.history.of(EventKind.FAULT)):
        yield "The fault was never seen to take effect."
    healed_ns = view.judgement.marks.healed_ns
    if effects and healed_ns is not None:
        yield f"It was healed at {offset_text(axis.at(healed_ns))}."


def _impact(view: ScenarioView, axis: Axis) -> Iterator[str]:
    marks = view.judgement.marks
    if marks.effect_ns is None:
        return
    if marks.detect_ns is None:
        yield "Clients noticed nothing of it."
        return
    yield f"The first bad answer came at {offset_text(axis.at(marks.detect_ns))}."
    if marks.first_success_ns is not None:
        yield f"The first good one after it came at {offset_text(axis.at(marks.first_success_ns))}."
    if marks.recovered_ns is None:
        yield "The service never recovered for good."
    else:
        yield f"From {offset_text(axis.at(marks.recovered_ns))} on it had recovered for good."


def _outcomes(view: ScenarioView) -> Iterator[str]:
    words = {
        Result.FAIL: "failed",
        Result.UNKNOWN: "remain unknown",
        Result.NEVER_SENT: "were never sent",
    }
    counts = ((_count(view.history, outcome), word) for outcome, word in words.items())
    told = [f"{count_text(count)} {word}" for count, word in counts if count]
    wrong = 0 if view.timeline is None else round(float(np.nansum(view.timeline.wrong_rate)))
    if wrong:
        told.append(f"{count_text(wrong)} succeeded with a wrong answer")
    yield f"Of the operations {joined(told)}." if told else "Every operation succeeded."


def _count(history: History, outcome: Result) -> int:
    return int((history.operations.outcome == outcome).sum())
