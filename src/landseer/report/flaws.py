"""Flaws in pictures: the samples with most of each, what findings are about, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from landseer.report.look import Look
from landseer.report.parts import Part, Section, Strip, number, section
from landseer.report.thumbs import NO_DATA, Thumbs, captioned, thumbs_of
from landseer.samples.figures import figures
from landseer.samples.findings import EXCLUDED
from landseer.samples.schema import is_missing

MOST_FLAWS, MOST_REASONS = 16, 16
"""Rows of pictures at most."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One kind of flaw.

    Attributes:
        column: of the sample table.
        name: in words.
        is_share: whether the figure is a share of the pixels; 0 is no flaw then.
        lowest: whether the lowest figures are the worst.
        flag: column that is true from the recipe's threshold on, or "".
    """

    column: str
    name: str
    is_share: bool = True
    lowest: bool = False
    flag: str = ""


FLAWS: tuple[Flaw, ...] = (
    Flaw("qa_corrupted_pixels_pct", "corrupted", flag="high_corrupted_pixels_pct"),
    Flaw("nodata_pct", "missing pixels"),
    Flaw("saturated_pixels_pct", "saturated"),
    Flaw("striping", "striped", is_share=False, flag="striped"),
    Flaw("sharpness", "blurred: least sharp", is_share=False, lowest=True),
    Flaw("unlabelled_pct", "without a class"),
    Flaw("water_pixels_pct", "water", flag="almost_all_water"),
)
"""Flaws by the figures of the audit, in the order shown; those that the table does not have are left out."""


def flaws_section(look: Look) -> Section:
    """Show the worst samples of each flaw, of each finding, and those left out by each reason."""
    thumb = thumbs_of(look)
    found = (_worst(look, thumb), _found(look, thumb), _left_out(look, thumb))
    parts = [part for part in found if part is not None]
    lead = "Worst first. A figure finds the picture; only the picture tells whether it is a flaw."
    return section("flaws", "Flaws in pictures", lead, *parts)


def flaws_of(look: Look) -> tuple[Flaw, ...]:
    """Return the flaws that the table has figures for, those of elevation bands and the recipe's own among them."""
    more = [
        Flaw(f"{band.name}_nan_pixels_pct", f"missing {band.name}")
        for band in look.bands
        if band.kind == "elevation"
    ]
    more += [Flaw(f"{name}_pct", name.replace("_", " ")) for name in look.quality.figures]
    return tuple(flaw for flaw in (*FLAWS, *more) if flaw.column in look.samples)


def _worst(look: Look, thumb: Thumbs) -> Part | None:
    """Make a row of pictures per flaw; flaws that no sample has are named below."""
    rows, clean, first = [], [], True
    flaws = flaws_of(look) if look.config.pictures else ()
    for flaw in flaws[:MOST_FLAWS]:
        ranked = ranked_by(look.samples, flaw)
        if ranked.empty:
            clean.append(flaw.name)
            continue
        shown = tuple(
            thumb(str(name), f"{name} · {_figure(flaw, value)}", bar=first and not i)
            for i, (name, value) in enumerate(ranked.head(look.config.pictures).items())
        )
        rows.append(Strip(flaw.name, _facts(look, flaw, ranked), shown))
        first = False
    if not rows:
        return None
    said = f"No sample has any: {', '.join(clean)}." if clean else ""
    said += f" {MOST_FLAWS} of {len(flaws)} flaws are shown." if len(flaws) > MOST_FLAWS else ""
    return captioned("By figure", rows, said.strip(), (NO_DATA,), look.config.pictures)


def ranked_by(samples: gpd.GeoDataFrame, flaw: Flaw) -> pd.Series:
    """Rank samples of both sides by a flaw.

    Returns:
        sample -> figure, worst first, ties by name; without samples that have no figure or, of shares, none of it.
    """
    values = pd.Series(figures(samples, flaw.column), index=samples["sample"]).dropna().sort_index()
    values = values[values > 0] if flaw.is_share else values
    return values.sort_values(ascending=flaw.lowest, kind="stable")


def _facts(look: Look, flaw: Flaw, ranked: pd.Series) -> tuple[tuple[str, str], ...]:
    """Write how many samples have a flaw, and the middle one's figure."""
    facts = [("samples", f"{len(ranked):,}"), ("median", _figure(flaw, float(ranked.median())))]
    if flaw.flag and flaw.flag in look.samples:
        facts.append(("flagged", f"{int((figures(look.samples, flaw.flag) == 1).sum()):,}"))
    return tuple(facts)


def _figure(flaw: Flaw, value: float) -> str:
    """Write a figure; a share that is there is never 0."""
    if not flaw.is_share:
        return number(value, 3)
    return f"{value:.1%}" if value >= 0.0005 else "< 0.1%"


def _found(look: Look, thumb: Thumbs) -> Part | None:
    """Make a row of pictures per kind of finding about samples."""
    there = set(look.samples["sample"])
    about = look.findings[
        look.findings["sample"].isin(there) & (look.findings["action"] != EXCLUDED)
    ]
    return _rows_of(
        look, thumb, "By finding", "what",
        [(str(what), rows) for what, rows in about.groupby("what", sort=True)],
        lambda row: f"{row['sample']} · {row['figure']}" if row["figure"] else str(row["sample"]),
        "What the audit found and kept; all findings are in audit/findings.csv.",
    )  # fmt: skip


def _left_out(look: Look, thumb: Thumbs) -> Part | None:
    """Make a row of pictures per reason for which samples were left out."""
    out = look.samples[~look.samples["excluded"].map(is_missing).astype(bool)]
    found = look.findings[look.findings["action"] == EXCLUDED].drop_duplicates("sample")
    figure = dict(zip(found["sample"], found["figure"], strict=True))
    rows = pd.DataFrame({"sample": out["sample"], "what": out["excluded"].astype(str)})
    rows["figure"] = rows["sample"].map(figure).fillna("").astype(str)
    return _rows_of(
        look, thumb, "Left out", "reason",
        [(str(what), part) for what, part in rows.groupby("what", sort=True)],
        lambda row: f"{row['sample']} · {row['figure']}" if row["figure"] else str(row["sample"]),
        "Samples that do not take part; audit/exclusions.csv can be edited to take them back.",
    )  # fmt: skip


def _rows_of(
    look: Look,
    thumb: Thumbs,
    title: str,
    what: str,
    kinds: Sequence[tuple[str, pd.DataFrame]],
    words: Callable[[pd.Series], str],
    said: str,
) -> Part | None:
    """Make a row of pictures per kind, those with most samples first."""
    n = look.config.pictures
    ordered = sorted(kinds, key=lambda kind: (-len(kind[1]), kind[0]))
    rows = []
    for name, part in ordered[:MOST_REASONS] if n else ():
        chosen = part.drop_duplicates("sample")
        shown = tuple(thumb(row["sample"], words(row)) for _, row in chosen.head(n).iterrows())
        rows.append(Strip(name, (("samples", f"{len(chosen):,}"),), shown))
    if not rows:
        return None
    if len(kinds) > MOST_REASONS:
        said += f" {MOST_REASONS} of {len(kinds)} {what}s are shown, the most frequent."
    return captioned(title, rows, said, (NO_DATA,), n)
