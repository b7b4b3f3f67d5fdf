"""Panels, head, summary and page: everything there, everything escaped, whatever the run came to."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from harness.history import EventKind
from harness.report import page
from harness.report.rows import budget_used
from harness.report.summary import summary
from harness.report.view import RunView, ScenarioView
from harness.store.run_record import Skipped
from harness.verdict import Finding, SloRow, Verdict
from tests import sample_run

NASTY = "</script><script>alert(1)</script>"
VOID = {"meta", "br", "input", "img", "link", "hr"}


@pytest.fixture(scope="module")
def passed() -> ScenarioView:
    return sample_run.view()


@pytest.fixture(scope="module")
def failed() -> ScenarioView:
    about = sample_run.record("rolling-upgrade", "Rolling upgrade")
    return sample_run.view(sample_run.history(errors_s=22, seed=9), about, recover_s=15)


@pytest.fixture(scope="module")
def stopped() -> ScenarioView:
    about = sample_run.record("setting-changed", "Change of a setting", aborted="interrupted", complete=False)
    return sample_run.view(sample_run.without_traffic(sample_run.history()), about)


class Nesting(HTMLParser):
    """Collects elements that are closed in another order than they were opened, and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def text_of(markup: str) -> str:
    plain = re.sub(r"<(script|style).*?</\1>", "", markup, flags=re.DOTALL)
    return re.sub(r"[\s\u202f\u00a0]+", " ", re.sub(r"<[^>]+>", " ", plain))


def test_a_panel_says_what_it_must(passed: ScenarioView) -> None:
    text = text_of(page.panel(passed))
    for said in (
        "Killed query node",
        "PASS",
        "limits not calibrated yet",
        "Until searches recovered for good 7.72 s \u2264 40 s",
        "One every First bad after Good again after Recovered after",
        "Searches, by a tuned client on a schedule",
        "p99 \u2264 300 ms",
        "+0.14 s first bad answer",
        "recovered for good",
        "+6.40 s healed",
        "querynode-1 down 6.3 s",
        "8 other members up throughout",
        "150 searches succeeded with less recall",
        "the first 5 of 150",
        "19 of 19 hold",
        "kill querynode-1 (SIGKILL)",
        "queryCoord.heartbeatTimeout",
        "harness run query-node-killed --seed 7",
        "150 succeeded with a wrong answer",
        "truth.npz",
    ):
        assert said in text, said


def test_a_page_is_well_formed_and_its_links_lead_somewhere(
    passed: ScenarioView, failed: ScenarioView, stopped: ScenarioView
) -> None:
    found = Nesting()
    found.feed(page.fragment(sample_run.run(passed, failed, stopped)))
    assert (found.wrong, found.open) == ([], [])
    assert len(found.ids) == len(set(found.ids))
    assert all(link[1:] in found.ids for link in found.links if link.startswith("#"))
    assert all(link.startswith(("#", "scenarios/")) for link in found.links)


def test_nothing_from_outside_becomes_markup(passed: ScenarioView) -> None:
    about = replace(
        passed.record,
        title=NASTY,
        plan=(NASTY,),
        command=NASTY,
        aborted=NASTY,
        settings={NASTY: NASTY},
        versions={NASTY: NASTY},
    )
    judgement = replace(passed.judgement, reasons=(NASTY,), findings=(Finding(NASTY, NASTY, 1),))
    events = tuple(replace(e, name=NASTY) if e.kind is EventKind.FAULT else e for e in passed.history.events)
    nasty = replace(passed, record=about, judgement=judgement, history=replace(passed.history, events=events))
    run = sample_run.run(nasty, skipped=(Skipped(NASTY, NASTY, NASTY),))
    assert "<script>alert" not in page.fragment(run)
    assert "<script>" not in summary(run)


def test_thresholds_that_a_scenario_changed_are_shown(passed: ScenarioView) -> None:
    changed = replace(passed, record=replace(passed.record, thresholds={"window_s": 8.0}))
    assert "Thresholds that the scenario changed window, s 8" in text_of(page.panel(changed))
    assert "Thresholds" not in text_of(page.panel(passed))


def test_the_head_puts_the_verdict_first(passed: ScenarioView, failed: ScenarioView) -> None:
    run = sample_run.run(passed, failed, skipped=(Skipped("disk-full", "Full disk", "no disk to fill"),))
    text = text_of(page.run_header(run))
    assert text.index("FAIL") < text.index("Rolling upgrade: availability") < text.index("Started 2025-03-14")
    assert "Full disk SKIPPED no disk to fill" in text
    assert "\u221e over the limit" in text
    assert "tox -e gate -- --seed 7" in text
    assert page.title(run) == "FAIL \u00b7 gate \u00b7 seed 7"


def test_a_run_that_proves_nothing_says_so(stopped: ScenarioView) -> None:
    run = sample_run.run(stopped)
    assert run.verdict.verdict is Verdict.INVALID
    text = text_of(page.fragment(run))
    assert "says nothing about Milvus" in text
    assert "Ended early: interrupted" in text
    assert "No traffic was measured" in text
    assert "ended early: interrupted" in text_of(page.run_header(run))


def test_a_run_without_scenarios_still_has_a_page() -> None:
    text = text_of(page.fragment(sample_run.run()))
    assert "INVALID" in text
    assert "No scenario ran" in text


def test_both_attempts_are_kept_and_the_first_says_it_was_tried_again(stopped: ScenarioView) -> None:
    again = replace(stopped, folder=f"{stopped.folder}-2")
    markup = page.fragment(sample_run.run(stopped, again))
    assert markup.count("tried again below") == 1
    assert 'id="scenario-setting-changed"' in markup
    assert 'id="scenario-setting-changed-2"' in markup


def test_a_fault_without_effect_and_a_scenario_without_fault_are_drawn(passed: ScenarioView) -> None:
    for kept in (("inject",), ()):
        past = passed.history
        events = tuple(e for e in past.events if e.kind is not EventKind.FAULT or e.what in kept)
        text = text_of(page.panel(sample_run.view(replace(past, events=events), passed.record)))
        assert "seconds since the traffic began" in text
        assert ("never seen to take effect" in text) == bool(kept)


def test_a_second_of_traffic_is_enough_for_a_drawing(passed: ScenarioView) -> None:
    past = passed.history
    short = past.operations.where(past.operations.intended_ns < sample_run.at(0.5))
    assert 'class="stack"' in page.panel(sample_run.view(replace(past, operations=short, complete=False)))


def test_traffic_that_all_failed_is_drawn(passed: ScenarioView) -> None:
    done = passed.history.operations
    dead = replace(done, outcome=np.ones_like(done.outcome), done_ns=np.full_like(done.done_ns, -1))
    text = text_of(page.panel(sample_run.view(replace(passed.history, operations=dead))))
    assert "Recall share of" not in text
    assert "Latency log scale" in text


def test_the_summary_is_a_table_and_the_reasons(passed: ScenarioView, failed: ScenarioView) -> None:
    text = summary(sample_run.run(passed, failed, skipped=(Skipped("d", "Full | disk", "no disk"),)))
    assert text.startswith("# \u2718 FAIL\n")
    rows = [line for line in text.split("\n\n**")[0].splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "**\u221e**" in rows[3]
    assert "- recover\\_s was never reached (limit 15 s)" in text
    assert text.endswith("    tox -e gate -- --seed 7\n")


def test_the_summary_tells_the_course_of_what_did_not_pass(passed: ScenarioView, failed: ScenarioView) -> None:
    assert "Clients offered" not in summary(sample_run.run(passed))
    text = summary(sample_run.run(passed, failed))
    assert "The service never recovered for good." in text
    assert re.search(r"\n\| Searches, by a tuned client on a schedule \|.*\u221e", text)
    assert re.search(r"\nMembers: \S+ down [^,]+, \S+ up", text)


@pytest.mark.parametrize(
    ("relation", "limit", "value", "used"),
    [
        ("<=", 10, 5, 0.5),
        ("<=", 0, 0, 0.0),
        ("<=", 0, 3, float("inf")),
        ("<=", 10, float("inf"), float("inf")),
        (">=", 0.75, 0.875, 0.5),
        (">=", 1, 1, 0.0),
        (">=", 100, 50, None),
        ("<=", None, 5, None),
    ],
)
def test_a_bar_shows_how_much_of_the_limit_was_used(
    relation: str, limit: float | None, value: float, used: float | None
) -> None:
    row = SloRow("f", "f", "", relation, limit, value, 1, None, True, True)
    assert budget_used(row) == (None if used is None else pytest.approx(used))


PYTEST_HTML = (
    '<!DOCTYPE html>\n<html>\n  <head>\n    <title id="head-title">x</title><style>/* harness: begin */ old'
    ' /* harness: end */</style>\n  </head>\n  <body>\n    <h1 id="title">x</h1>{}<table id="results-table"></table>\n'
    "  </body>\n</html>\n"
)


def test_finishing_puts_our_part_first_and_mends_the_rest(tmp_path: Path, stopped: ScenarioView) -> None:
    path, run = tmp_path / "index.html", sample_run.run(stopped)
    path.write_text(PYTEST_HTML.format(page.fragment(run)), encoding="utf-8")
    page.finish(path, run)
    text = path.read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert 'name="viewport"' in text
    assert '<title id="head-title">INVALID' in text
    assert text.index("hx-verdict") < text.index('id="title"') < text.index('id="results-table"')
    page.finish(path, run)
    assert path.read_text(encoding="utf-8") == text


def test_a_page_that_is_not_ours_is_left_alone(tmp_path: Path, stopped: ScenarioView) -> None:
    path = tmp_path / "index.html"
    path.write_text(PYTEST_HTML.format(""), encoding="utf-8")
    page.finish(path, sample_run.run(stopped))
    assert path.read_text(encoding="utf-8") == PYTEST_HTML.format("")


def test_a_page_is_made_again_around_pytests_own_part(
    tmp_path: Path, stopped: ScenarioView, passed: ScenarioView
) -> None:
    path = tmp_path / "index.html"
    path.write_text(PYTEST_HTML.format(page.fragment(sample_run.run(stopped))), encoding="utf-8")
    page.renew(path, sample_run.run(passed))
    text = path.read_text(encoding="utf-8")
    assert ("PASS" in text, "INVALID" in text_of(text)) == (True, False)
    assert "results-table" in text
    assert "/* harness: begin */ old" not in text
    page.renew(path, sample_run.run(passed))
    assert path.read_text(encoding="utf-8") == text


def test_without_pytests_part_the_page_stands_alone(tmp_path: Path, passed: ScenarioView) -> None:
    path = tmp_path / "index.html"
    page.renew(path, sample_run.run(passed))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("<main") == 1
    found = Nesting()
    found.feed(text)
    assert (found.wrong, found.open) == ([], [])


def test_the_page_needs_nothing_from_elsewhere(passed: ScenarioView) -> None:
    text = page.fragment(sample_run.run(passed)) + page.css_file().read_text(encoding="utf-8")
    assert not re.search(r"https?://|url\(|@import|<link|<img|src=", text)


def test_a_page_of_nine_scenarios_stays_small(passed: ScenarioView) -> None:
    run: RunView = sample_run.run(*(replace(passed, folder=f"scenarios/s-{n}") for n in range(9)))
    assert len(page.fragment(run).encode()) < 1_500_000
