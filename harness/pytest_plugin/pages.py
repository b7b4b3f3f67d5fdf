"""pytest-html and JUnit for a run, switched on only once scenarios were collected."""

from __future__ import annotations

import pytest
from _pytest import junitxml
from pytest_html import plugin as html

from harness.report.page import css_file
from harness.store.run_folder import RunFolder


def add_page(session: pytest.Session, folder: RunFolder) -> None:
    """Have pytest-html and JUnit write into the run's folder; a file that the user asked for is theirs.

    Both decide in pytest_configure, when nothing is collected yet, so they are configured here once more.
    """
    config = session.config
    if not config.option.xmlpath:
        config.option.xmlpath = str(folder.junit)
        junitxml.pytest_configure(config)
        config.stash[junitxml.xml_key].pytest_sessionstart()
    if not config.option.htmlpath:
        before = set(config.pluginmanager.get_plugins())
        config.option.htmlpath = str(folder.page)
        config.option.self_contained_html = True
        config.option.css = [*config.option.css, str(css_file())]
        html.pytest_configure(config)
        for added in set(config.pluginmanager.get_plugins()) - before:
            added.pytest_sessionstart(session)
            added.pytest_collection_finish(session)
