"""A scenario's panel: verdict and why, figures and limits, what happened in time, and what it all rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from harness.history import Event
from harness.report import bins, stack
from harness.report.axis import Axis, axis_of
from harness.report.render import render
from harness.report.rows import figure_rows, finding_rows, informing
from harness.report.section import Section, sections
from harness.report.story import story
from harness.report.text import offset_text
from harness.report.view import ScenarioView
from harness.slo.evidence import figures as declared
from harness.store.naming import slug
from harness.verdict import Judgement

_REASONS = 5  # shown at once; the others open


def anchor_of(folder: str) -> str:
    """Return the id that links to a scenario's panel, by its folder: two attempts have two."""
    return f"scenario-{slug(folder.rsplit('/', 1)[-1])}"


def panel(view: ScenarioView) -> Markup:
    """Return a scenario's panel. Nothing in it needs a script to be read."""
    axis, shown, anchor = axis_of(view), sections(), anchor_of(view.folder)
    parts = {**_head(view, shown), **_time(view, axis, shown, anchor), **_ground(view, axis, shown)}
    return render("panel.html", anchor=anchor, **parts)


def _head(view: ScenarioView, shown: tuple[Section, ...]) -> dict[str, Any]:
    judgement = view.judgement
    valid = sum(one.ok for one in judgement.validity)
    tabled = {figure.name for figure in declared() if figure.tabled}
    return {
        "title": view.record.title,
        "verdict": judgement.verdict.value,
        "aborted": view.record.aborted,
        "reasons": judgement.reasons[:_REASONS],
        "more_reasons": judgement.reasons[_REASONS:],
        "figures": [] if _unmeasured(judgement) else figure_rows(judgement.slos),
        "informing": informing(row for row in judgement.slos if row.figure not in tabled),
        "tables": [table.as_html(view.record.title) for one in shown for table in one.tables(view)],
        "uncalibrated": bool(judgement.slos) and not any(row.calibrated for row in judgement.slos),
        "validity": judgement.validity,
        "valid_count": f"{valid} of {len(judgement.validity)} hold",
    }


def _unmeasured(judgement: Judgement) -> bool:
    return all(math.isnan(row.value) for row in judgement.slos)


def _time(view: ScenarioView, axis: Axis | None, shown: tuple[Section, ...], anchor: str) -> dict[str, Any]:
    """Return what needs an axis; all empty where nothing was measured."""
    told = [words for one in shown if (words := one.story(view))]
    rows, note = bins.table(view.timeline, axis) if axis and view.timeline else ([], "")
    return {
        "stack": stack.draw(view, axis, shown, f"{anchor}-story") if axis else "",
        "story": story(view, axis) if axis else "",
        "beside_story": told,
        "data": bins.cursor_data(view, view.timeline, axis) if axis and view.timeline else "",
        "bins": rows,
        "bins_note": note,
        "bin_names": bins.NAMES,
    }


def _ground(view: ScenarioView, axis: Axis | None, shown: tuple[Section, ...]) -> dict[str, Any]:
    record = view.record
    traffic = {name: f"{value:g}" for name, value in record.traffic.items()}
    return {
        "findings": finding_rows(view, axis),
        "plan": record.plan,
        "seed": record.seed,
        "command": record.command,
        "milvus": f"Milvus {record.milvus}, profile {record.profile}",
        "workload": [(_words(name), str(value)) for name, value in {**record.data, **traffic}.items()],
        "thresholds": [(_words(name), f"{value:g}") for name, value in record.thresholds.items()],
        "environment": [
            *([("way in", record.way_in)] if record.way_in else []),
            *record.environment.items(),
            *(row for one in shown for row in one.about(view)),
        ],
        "settings": sorted(record.settings.items()),
        "versions": _versions(record.versions, record.versions_after),
        "events": [_event(event, view, axis) for event in view.history.events],
        "folder": view.folder,
        "files": view.files,
    }


def _words(name: str) -> str:
    """Return a field's name as words, its unit apart: "deadline, s"."""
    words, mark, unit = name.rpartition("_")
    return f"{words}, {unit}".replace("_", " ") if mark and unit in ("s", "ms") else name.replace("_", " ")


def _versions(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, str]]:
    names = [*before, *(name for name in after if name not in before)]
    gone = "\u2013"
    return [{"member": name, "before": before.get(name, gone), "after": after.get(name, gone)} for name in names]


def _event(event: Event, view: ScenarioView, axis: Axis | None) -> dict[str, Any]:
    t_s = (event.t_ns - view.history.events[0].t_ns) / 1e9 if axis is None else axis.at(event.t_ns)
    detail = ", ".join(f"{key} {value}" for key, value in event.detail.items())
    return {
        "t_s": round(t_s, 3),
        "when": offset_text(t_s),
        "kind": event.kind.value,
        "name": event.name,
        "what": event.what,
        "detail": detail,
    }
