"""One way to draw and write a page: figures in the house's style, a template, and nothing asked for outside itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jinja2
from matplotlib import rc_context

from landseer import __version__
from landseer.report.style import SETTINGS


@contextmanager
def drawing() -> Iterator[None]:
    """Draw figures in the house's style while this is held."""
    with rc_context(SETTINGS), warnings.catch_warnings():
        # A letter that the measuring font lacks is drawn by the page's own.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def fill_page(template: str, **values: Any) -> str:
    """Return a page as HTML.

    Args:
        template: a file of this room, such as `page.html.j2`.
        values: what it asks for; the version is added. Text is escaped; a value that is missing is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("landseer.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(version=__version__, **values)
