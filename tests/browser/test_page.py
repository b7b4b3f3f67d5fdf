"""The page in a real browser: readable on a desk, on a phone, in the dark, in print and without a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from harness.report import page as pages
from tests import sample_run
from tests.browser.conftest import Open

# Relative luminance and contrast as WCAG 2 defines them; the background is the nearest one that isn't transparent.
CONTRASTS = """
selector => [...document.querySelectorAll(selector)].filter(e => e.getClientRects().length).map(e => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = e;
  while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const style = getComputedStyle(e);
  const ink = light(rgb(e instanceof SVGElement ? style.fill : style.color));
  const paper = light(rgb(behind ? getComputedStyle(behind).backgroundColor : 'white'));
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
})
"""
TEXTS = (
    ".hx-verdict",
    ".hx-why",
    ".hx-kicker",
    ".hx-badge",
    ".hx-pairs dt",
    ".hx-table th",
    ".hx-table td",
    ".hx-hint",
    ".hx-valid small",
    ".hx-again",
    ".hx-again code",
    ".hx-files a",
    ".stack text",
    ".hx-readout",
    ".hx-pytest p",
    "#environment td",
    "#results-table td",
    "#results-table th",
    "span.failed",
    "span.passed",
    "span.skipped",
    ".log",
)


def open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_verdict_is_seen_first_and_nothing_overflows(opened: Open, width: int, scheme: str) -> None:
    page = opened(width=width, scheme=scheme)
    box = page.locator("h1").bounding_box()
    assert page.locator("h1").inner_text() == "FAIL"
    assert box
    assert box["y"] + box["height"] < 300
    assert page.title() == "FAIL \u00b7 gate \u00b7 seed 7"
    open_all(page)
    assert overflow(page) == 0


def test_long_names_do_not_widen_a_phones_page(opened: Open, tmp_path: Path) -> None:
    past = sample_run.history()
    long = sample_run.events("change common.gracefulStopTimeout to something that is rather long")
    view = sample_run.view(
        type(past)(past.operations, long, past.truth, past.readbacks, past.traffic, complete=True),
        sample_run.record("long", "A" + "very" * 30 + " long title", settings={"k" * 90: "v" * 200}),
    )
    pages.renew(tmp_path / "index.html", sample_run.run(view))
    page = opened(width=390, path=tmp_path / "index.html")
    open_all(page)
    assert overflow(page) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_enough(opened: Open, scheme: str) -> None:
    page = opened(scheme=scheme)
    open_all(page)
    for selector in TEXTS:
        found = page.evaluate(CONTRASTS, selector)
        assert found, f"{selector} is nowhere on the page"
        assert min(found) >= 4.5, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_have_contrast_enough(opened: Open, scheme: str) -> None:
    page = opened(scheme=scheme)
    for name in ("blue", "orange", "green", "purple"):
        page.evaluate(
            f"document.body.insertAdjacentHTML('beforeend', '<i class=probe style=\"color:var(--{name})\">x</i>')"
        )
    assert min(page.evaluate(CONTRASTS, ".probe")) >= 3.0


def test_the_cursor_moves_by_keys_and_reads_out(opened: Open) -> None:
    page = opened()
    cursor, readout = page.locator(".hx-cursor").first, page.locator(".hx-readout").first
    assert readout.get_attribute("aria-live") == "polite"
    cursor.focus()
    page.keyboard.press("Home")
    assert readout.inner_text().startswith("\u221232.0")
    page.keyboard.press("ArrowRight")
    assert cursor.get_attribute("aria-valuenow") == "1"
    page.keyboard.press("Shift+ArrowRight")
    assert cursor.get_attribute("aria-valuetext") == "\u221221.0\u202fs"
    page.keyboard.press(".")
    page.keyboard.press(".")
    assert readout.inner_text().startswith("+6.00")  # querynode-1 came up and the fault was healed in this second
    assert "wrong 50" in readout.inner_text()
    page.keyboard.press(",")
    assert readout.inner_text().startswith("0")
    page.keyboard.press("End")
    assert readout.inner_text().startswith("+50.0")
    page.keyboard.press("ArrowRight")
    assert readout.inner_text().startswith("+50.0")


def test_one_cursor_stands_where_the_pointer_is(opened: Open) -> None:
    page = opened()
    cursor = page.locator(".hx-cursor").first
    cursor.scroll_into_view_if_needed()
    box = cursor.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    at = float(cursor.evaluate("e => parseFloat(getComputedStyle(e).getPropertyValue('--at'))"))
    assert abs(at - 50) < 1.3  # within a bin of 83


def test_evidence_moves_the_cursor(opened: Open) -> None:
    page = opened()
    row = page.locator("tr[data-t]").first
    row.hover()
    assert page.locator(".hx-readout").first.inner_text().startswith("+5.00")


def test_charts_members_and_axis_share_one_left_edge(opened: Open) -> None:
    page = opened()
    lefts = page.evaluate(
        """() => [...document.querySelector('.hx-plot .stack').querySelectorAll('.grid, .axis[x2="100%"], .state')]
        .map(e => Math.round(e.getBoundingClientRect().left)).sort((a, b) => a - b)"""
    )
    grid = page.evaluate("() => Math.round(document.querySelector('.hx-plot .stack').getBoundingClientRect().left)")
    assert lefts[0] == grid
    assert lefts.count(grid) > 10


def test_without_a_script_all_is_there(opened: Open) -> None:
    page = opened(script=False)
    assert page.locator("h1").inner_text() == "FAIL"
    assert page.locator("svg.stack[role=img]").count() == 2
    assert page.locator(".hx-cursor").count() == 0
    for said in ("recovered for good", "querynode-1", "Run it again", "19 of 19 hold"):
        assert page.get_by_text(said).first.is_visible(), said


def test_print_is_white_and_opens_everything(opened: Open) -> None:
    page = opened(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    closed = page.locator("details:not([open])")
    assert closed.count() > 3
    for details in closed.all():
        shown = details.evaluate("e => e.lastElementChild.getBoundingClientRect().height")
        assert shown > 10
        assert details.evaluate("e => getComputedStyle(e, '::details-content').contentVisibility") == "visible"
    assert not page.locator(".hx-readout").first.is_visible()


def test_pytests_table_follows_and_works(opened: Open) -> None:
    page = opened()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#results-table tbody").count() == 3
    ours = page.locator("main.hx").bounding_box()
    table = page.locator("#results-table").bounding_box()
    assert ours
    assert table
    assert table["y"] > ours["y"] + ours["height"]
    page.locator("input[data-test-result=passed]").uncheck()
    assert page.locator("#results-table tbody").count() == 2
    assert page.locator(".hx-cursor").count() == 2


def test_a_link_in_the_head_leads_to_its_panel(opened: Open) -> None:
    page = opened()
    page.get_by_role("link", name="Killed query node").click()
    assert page.url.endswith("#scenario-query-node-killed")
    box = page.locator("#scenario-query-node-killed").bounding_box()
    assert box
    assert abs(box["y"]) < 40
