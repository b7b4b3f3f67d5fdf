"""The page as a document: our part's place in it, and what pytest-html's template lacks."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_BEGIN, _END = "<!-- harness: begin -->", "<!-- harness: end -->"
_CSS_BEGIN, _CSS_END = "/* harness: begin */", "/* harness: end */"
_OURS = re.compile(re.escape(_BEGIN) + ".*" + re.escape(_END), re.DOTALL)
_STYLES = re.compile(re.escape(_CSS_BEGIN) + ".*" + re.escape(_CSS_END), re.DOTALL)
_TITLE = re.compile(r'<title id="head-title">.*?</title>', re.DOTALL)
_H1 = re.compile(r'<h1 id="title">.*?</h1>', re.DOTALL)
_META = (
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
    '    <meta name="color-scheme" content="light dark"/>\n    '
)


def place_of(content: Markup) -> Markup:
    """Return our part of the page between the marks that it is found again by."""
    return Markup(f'{_BEGIN}\n<main class="hx" lang="en">\n{{}}\n</main>\n{_END}').format(content)  # noqa: S704 - constants


def finished(page: str, title: str) -> str:
    """Return pytest-html's page with a language, a viewport and a title, our part first, its own in a section.

    Our part comes first in the document and not only on the screen, so that it is also read out first. What is
    not found is left as it is: a page of another version of pytest-html is still a page.
    """
    found = _OURS.search(page)
    if not found or 'class="hx-pytest"' in page:
        return page
    page = _OURS.sub("", page, count=1)
    page = page.replace("<html>", '<html lang="en">', 1)
    page = _TITLE.sub(lambda _: f'{_META}<title id="head-title">{escape(title)}</title>', page, count=1)
    page = _H1.sub('<h2 id="title">pytest</h2>', page, count=1)
    page = page.replace("<body>", f'<body>\n{found.group()}\n<section class="hx-pytest" aria-label="pytest">', 1)
    head, end, tail = page.rpartition("</body>")
    return f"{head}</section>\n{end}{tail}"


def replaced(page: str, fresh: Markup, css: str, title: str) -> str | None:
    """Return a page with our part and style sheet made anew; None where it has no place for them."""
    if not _OURS.search(page):
        return None
    page = _OURS.sub(lambda _: str(fresh), page, count=1)
    page = _STYLES.sub(lambda _: css.strip(), page, count=1)
    return _TITLE.sub(lambda _: f'<title id="head-title">{escape(title)}</title>', finished(page, title), count=1)


def standalone(fresh: Markup, css: str, title: str) -> str:
    """Return a page of our part alone: for a run whose pytest never got to write its own."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n  <head>\n    <meta charset="utf-8"/>\n    {_META}'
        f'<title id="head-title">{escape(title)}</title>\n    <style>{css}</style>\n  </head>\n'
        f"  <body>\n{fresh}\n  </body>\n</html>\n"
    )
