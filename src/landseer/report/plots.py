"""A plot of the data page: on the page as lines and text, beside it as a PNG file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from matplotlib.figure import Figure

from landseer.core.files import atomic_path
from landseer.report.parts import Part, Section, chart

_DPI = 150


def plot(figure: Figure, name: str, title: str, caption: str) -> Part:
    """Make a chart that is also written as `NAME.png` beside the page.

    Args:
        figure: drawn under `style.SETTINGS`.
        name: of the file, without its ending; unlike all others of the page.
        title: above the chart.
        caption: below it.
    """
    return chart(figure, title, caption) | {"name": name, "figure": figure}


def save_plots(sections: Iterable[Section], folder: Path) -> list[str]:
    """Write each plot of some sections as PNG, whole or not at all; returns the names of the files.

    Raises:
        WriteError: a file cannot be written.
    """
    written = []
    for part in _parts(part for section in sections for part in section["parts"]):
        if "figure" in part:
            file = f"{part['name']}.png"
            with atomic_path(folder / file) as temporary:
                part["figure"].savefig(
                    temporary,
                    dpi=_DPI,
                    facecolor="white",
                    format="png",
                    metadata={"Software": None},
                )
            written.append(file)
    return written


def _parts(parts: Iterable[Part]) -> Iterator[Part]:
    """Walk through parts and what they hold beside each other."""
    for part in parts:
        yield part
        if part["kind"] == "beside":
            yield from _parts(part["parts"])
