"""The timeline as figures in words: for the table beside the charts, and for the cursor that reads them out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from markupsafe import Markup

from harness.checks.timeline import Timeline
from harness.history import EventKind
from harness.report.axis import Axis
from harness.report.stack import moments_of
from harness.report.text import figure_text, offset_text
from harness.report.view import ScenarioView

MOST_ROWS = 240  # a table longer than four minutes of seconds is for a program to read, and it has the raw history
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "p50_ms": ("p50", "ms"),
    "p95_ms": ("p95", "ms"),
    "p99_ms": ("p99", "ms"),
    "offered_rate": ("offered", "/s"),
    "done_rate": ("done", "/s"),
    "error_rate": ("failed", "/s"),
    "wrong_rate": ("wrong", "/s"),
    "recall": ("recall", ""),
}
_JUMPS = (EventKind.MEMBER, EventKind.RESOURCE, EventKind.ORCHESTRATOR, EventKind.WAY_IN)
NAMES = tuple(name for name, _ in _COLUMNS.values())


def table(timeline: Timeline, axis: Axis) -> tuple[list[list[str]], str]:
    """Return the table's rows and what it shows of all bins: every one, or every n-th."""
    step = -(-len(axis.t_s) // MOST_ROWS)
    columns = _columns(timeline)
    shown = range(0, len(axis.t_s), step)
    rows = [[offset_text(float(axis.t_s[at])), *(column[at] for column in columns)] for at in shown]
    every = f"every {axis.span.bin_s:g} s" if step == 1 else f"1 s of every {axis.span.bin_s * step:g} s"
    return rows, every


def cursor_data(view: ScenarioView, timeline: Timeline, axis: Axis) -> Markup:
    """Return the JSON that the cursor's script reads, safe inside a script element."""
    span = axis.span
    jumps = [moment.t_s for moment in moments_of(view, axis)]
    jumps += [axis.at(event.t_ns) for event in view.history.events if event.kind in _JUMPS]
    document = {
        "begin": round(span.begin_s, 3),
        "end": round(span.end_s, 3),
        "bin": span.bin_s,
        "t": [round(float(t), 3) for t in axis.t_s],
        "when": [offset_text(float(t)) for t in axis.t_s],
        "names": NAMES,
        "rows": _columns(timeline),
        "events": sorted({round(t, 3) for t in jumps if span.begin_s <= t < span.end_s}),
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON in which nothing can end the script element


def _columns(timeline: Timeline) -> list[list[str]]:
    columns = ((getattr(timeline, name).tolist(), unit) for name, (_, unit) in _COLUMNS.items())
    return [[figure_text(value, unit) for value in values] for values, unit in columns]
