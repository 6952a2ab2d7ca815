"""The data page: what a person should look at before any training; each plot also as a PNG beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from landseer.core.files import write_text
from landseer.report.balance import balance_section
from landseer.report.contact import contact_section
from landseer.report.correlation import correlation_section
from landseer.report.flaws import flaws_section
from landseer.report.histograms import histograms_section
from landseer.report.look import Look
from landseer.report.page import drawing, fill_page
from landseer.report.pairs_section import pairs_section
from landseer.report.parts import Section
from landseer.report.places import places_section
from landseer.report.plots import save_plots
from landseer.report.quality_plots import quality_section
from landseer.report.references import known_references, references_section
from landseer.report.signatures import signatures_section
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

LOOK_SECTIONS: tuple[Callable[[Look], Section], ...] = (
    contact_section,
    places_section,
    pairs_section,
    flaws_section,
    quality_section,
    balance_section,
    references_section,
    signatures_section,
    histograms_section,
    correlation_section,
)
"""The sections of the data page, in the order in which people look."""


def build_data_page(look: Look, folder: Path) -> list[str]:
    """Write `index.html` and the plots into a folder; returns the names of the plots' files.

    Args:
        look: what is known of the data.
        folder: made where it is missing; plots of an earlier call that are no longer made are removed.

    Raises:
        FileReadError: an image or label that is shown cannot be read.
        WriteError: a file cannot be written.
    """
    with drawing():
        sections = [section(look) for section in LOOK_SECTIONS]
        written = save_plots(sections, folder)
    for stale in set(folder.glob("*.png")) - {folder / name for name in written}:
        stale.unlink()
    write_text(folder / "index.html", render(look, sections))
    return written


def render(look: Look, sections: list[Section]) -> str:
    """Return the page of some sections as HTML that asks for nothing outside itself."""
    return fill_page("data.html.j2", name=look.name, facts=_facts(look), sections=sections)


def _facts(look: Look) -> list[tuple[str, str]]:
    """Return (what, figure) of what a reader wants to know first."""
    samples = look.samples
    used = usable(samples, "train")
    labelled = used[is_labelled(used, look.references)]
    facts = [
        ("samples", f"{len(samples):,}"),
        ("labelled and used", f"{len(labelled):,}"),
        ("on the test side", f"{int((samples['side'] == 'test').sum()):,}"),
        ("left out", f"{int((~samples['excluded'].map(is_missing).astype(bool)).sum()):,}"),
        ("places", f"{used['group'].nunique():,}" if "group" in used else "–"),
        ("folds", f"{used['fold'][used['fold'] >= 0].nunique()}" if "fold" in used else "–"),
        ("bands", f"{len(look.bands)}"),
        ("channels", f"{len(look.pixels.channels)}"),
    ]
    n_values = len(known_references(look))
    facts += [("classes", f"{len(look.classes)}")] if len(look.classes) or not n_values else []
    facts += [("values", f"{n_values}")] if n_values else []
    return facts + ([("m on the ground per pixel", f"{look.gsd_m:.4g}")] if look.gsd_m else [])
