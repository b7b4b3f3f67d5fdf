"""The templates, with everything escaped that is not markup already."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **context: object) -> Markup:
    """Return a template filled in. A name that the context lacks is an error, not an empty place."""
    return Markup(_environment().get_template(template).render(context))  # noqa: S704 - rendered with autoescape


def asset(name: str) -> Path:
    """Return the path of a style sheet or script that the page takes in."""
    return Path(str(files("harness.report") / "assets" / name))


@cache  # a constant, made on first use because most commands draw no page
def _environment() -> Environment:
    loader = PackageLoader("harness.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=False)
