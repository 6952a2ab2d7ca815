"""Contact sheets: samples of each fold, and those with most of each class."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np

from landseer.audit.quality import column_name
from landseer.report.look import Look
from landseer.report.parts import Part, Section, Strip, section
from landseer.report.thumbs import NO_DATA, Thumbs, captioned, outline_mark, thumbs_of
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

MOST_FOLDS, MOST_CLASSES = 12, 24
"""Rows of pictures at most."""

_ENOUGH = 0.0


def contact_section(look: Look) -> Section:
    """Show samples of each fold, and of each class those with most of it."""
    used = usable(look.samples, side="train")
    thumb = thumbs_of(look)
    found = (_folds(look, used, thumb), _classes(look, used, thumb))
    parts = [part for part in found if part is not None]
    lead = f"{thumb.title.capitalize()}, each picture stretched on its own: compare shapes, not brightness."
    return section("pictures", "Samples in pictures", lead, *parts)


def spaced(names: Sequence[str], n: int) -> list[str]:
    """Return n names at even distances, first and last among them; all where there are fewer."""
    if not names or n < 1:
        return []
    places = sorted({round(place) for place in np.linspace(0, len(names) - 1, min(n, len(names)))})
    return [names[place] for place in places]


def _folds(look: Look, used: gpd.GeoDataFrame, thumb: Thumbs) -> Part | None:
    """Make a row of pictures per fold."""
    n, rows = look.config.pictures, list[Strip]()
    folds = sorted({int(fold) for fold in used["fold"] if fold >= 0}) if "fold" in used else []
    two = len(look.classes) == 2
    for fold in folds[:MOST_FOLDS]:
        members = used[used["fold"] == fold]
        shown = tuple(
            thumb(name, name, classes=[1] if two else None, bar=not rows and not i)
            for i, name in enumerate(spaced(list(members["sample"]), n))
        )
        rows.append(Strip(f"fold {fold}", _fold_facts(look, members), shown))
    if not rows or not n:
        return None
    said = "Samples at even distances in the table."
    said += f" {MOST_FOLDS} of {len(folds)} folds are shown." if len(folds) > MOST_FOLDS else ""
    marks = [outline_mark(look.classes.names[1])] if two else []
    return captioned("By fold", rows, said, (*marks, NO_DATA), n)


def _fold_facts(look: Look, members: gpd.GeoDataFrame) -> tuple[tuple[str, str], ...]:
    """Count samples and places of a fold, and its mean share of the first classes."""
    facts = [("samples", f"{len(members):,}")]
    if "group" in members:
        named = members["group"].map(is_missing).astype(bool)
        facts.append(("places", f"{members['group'].where(~named, members['sample']).nunique():,}"))
    for name in look.classes.names[1:4]:
        column = f"class_{column_name(name)}_pct"
        if column in members and members[column].notna().any():
            facts.append((name, f"{members[column].mean():.1%}"))
    return tuple(facts)


def _classes(look: Look, used: gpd.GeoDataFrame, thumb: Thumbs) -> Part | None:
    """Make a row of pictures per class."""
    n, rows = look.config.pictures, []
    for number, name in list(enumerate(look.classes.names))[:MOST_CLASSES]:
        column = f"class_{column_name(name)}_pct"
        if column not in used or not n:
            continue
        there = used[used[column] > _ENOUGH].sort_values(
            [column, "sample"], ascending=[False, True]
        )
        shown = tuple(
            thumb(row["sample"], f"{row['sample']} · {row[column]:.1%}", classes=[number])
            for row in there.head(n).to_dict("records")
        )
        facts = (("samples with it", f"{len(there):,}"), ("of", f"{used[column].notna().sum():,}"))
        rows.append(Strip(name, facts, shown))
    if not rows:
        return None
    said = "The samples with the largest share of each class among their labelled pixels."
    n_classes = len(look.classes)
    said += f" {MOST_CLASSES} of {n_classes} classes are shown." if n_classes > MOST_CLASSES else ""
    return captioned("By class", rows, said, (outline_mark("the class of the row"), NO_DATA), n)
