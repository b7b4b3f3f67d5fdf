"""The system's Chromium, and a page as pytest-html really writes it with our part put in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.report.page import css_file

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CONFTEST = """
from pathlib import Path
import pytest
from harness.report import page
from tests.browser.example import example

RUN = example()

def pytest_html_results_summary(prefix):
    prefix.append(page.fragment(RUN))

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    yield
    page.finish(Path(session.config.getoption("htmlpath")), RUN)
"""
TESTS = """
import pytest

def test_query_node_killed():
    pass

def test_rolling_upgrade():
    pytest.fail("availability 0.5431 is under the limit of 0.75", pytrace=False)

@pytest.mark.skip(reason="no disk to fill")
def test_disk_full():
    pass
"""

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def written_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small pytest run in a process of its own."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_scenarios.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    path = folder / "index.html"
    options = [f"--html={path}", "--self-contained-html", f"--css={css_file()}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr  # one of its tests fails on purpose
    return path


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Without one the tests are skipped; under CI that is an error.

    For this package alone: while Playwright is there its event loop runs in this thread, and no other can.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium found: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, written_page: Path) -> Iterator[Open]:
    """Opens the page; whatever it asks the network for or complains of fails the test."""
    pages: list[Page] = []
    complaints: list[str] = []

    def open_(*, width: int = 1280, scheme: str = "light", script: bool = True, path: Path = written_page) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith("file:") else complaints.append(asked.url))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.context.close()
    assert complaints == []
