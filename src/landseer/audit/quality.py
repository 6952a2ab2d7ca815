"""Quality: what the recipe asks about each sample, and the columns that follow from the counted pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from landseer.audit.image_pass import Figures, ImagePlan
from landseer.audit.label_figures import LabelFigure
from landseer.audit.suspects import SuspectRule
from landseer.core.bands import Band
from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.spectral.formula import Formula


class QualityConfig(BaseModel):
    """What is counted in each image, and which samples are suspect (the recipe's key `quality`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    corrupted: str | None = None
    """Formula over bands that is true where a pixel is bad, such as `qa != 0`; None leaves the `qa_` columns out."""

    water: str | None = None
    """Formula that is true on water; `isnan(dem) or dem <= 0` counts missing heights as sea; None: no such columns."""

    saturated: str | None = None
    """Formula that is true where a pixel is saturated, such as `max(red, nir) >= 1.6`; None: the largest value of an
    integer type, or the image's own maximum where pixels pile up at it."""

    high_corrupted: float = Field(default=0.4, ge=0, le=1)
    """Share of bad pixels above which `high_corrupted_pixels_pct` is true."""

    almost_all_water: float = Field(default=0.98, ge=0, le=1)
    """Share of water above which `almost_all_water` is true."""

    high_class: float = Field(default=0.4, ge=0, le=1)
    """Share of the foreground class above which `high_<class>_pixels_pct` is true (two classes only)."""

    high_striping: float = Field(default=0.2, ge=0, le=1)
    """Striping above which `striped` is true and the image is reported; chance alone seldom gives 0.1."""

    figures: dict[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")], LabelFigure] = {}
    """More columns for rules: each name gives `<name>_pixels` and `<name>_pct`, pixels of a class on which a formula
    holds, and their share of the class, such as `kelp_on_land: {of: kelp, where: dem > 10}`."""

    suspects: tuple[SuspectRule, ...] = ()
    """Rules that set samples aside; the first that holds gives the reason."""

    exclusions: Path | None = None
    """CSV in which people say which samples are left out (columns sample, exclude: yes or no, reason); `no` keeps a
    sample whatever a rule says. A change of the file runs the audit again, and all that follows."""


def image_plan(bands: Sequence[Band], rules: QualityConfig) -> ImagePlan:
    """Read the formulas of the rules.

    Raises:
        FormulaError: one cannot be read.
    """
    corrupted, water, saturated = (
        Formula.parse(text) if text else None
        for text in (rules.corrupted, rules.water, rules.saturated)
    )
    return ImagePlan(tuple(bands), corrupted, water, saturated)


def column_name(class_name: str) -> str:
    """Return a class name as it stands in column names and formulas: lower case, `_` for all but letters and digits."""
    return re.sub(r"\W+", "_", class_name.strip().lower())


def class_figures(counts: NDArray[np.int64], classes: ClassTable) -> Figures:
    """Return the figures of a label from the pixels of each class number, (256,).

    Edges: shares of classes are of the labelled pixels; NaN where there is none.
    """
    labelled = float(counts[: len(classes)].sum())
    figures: Figures = {
        "unlabelled_pct": float(counts[IGNORE] + counts[UNKNOWN]) / float(counts.sum())
    }
    for number, name in enumerate(classes.names):
        key = f"class_{column_name(name)}"
        figures[f"{key}_pixels"] = float(counts[number])
        figures[f"{key}_pct"] = float(counts[number]) / labelled if labelled else float("nan")
    return figures


def flags(figures: pd.DataFrame, classes: ClassTable, rules: QualityConfig) -> dict[str, pd.Series]:
    """Derive what follows from the counts: flags, and short names where there are two classes.

    Args:
        figures: one row per sample, NaN where nothing was counted.
        classes: classes of the labels.
        rules: thresholds.

    Returns:
        Further columns. With two classes the foreground class gives its name to five of them, unless one of these
        names is a figure of the image already (a class `water` beside `quality.water`).

    Source: names and thresholds of the second-placed solution of the Kelp Wanted competition; unlike there, heights
        below zero are not counted as missing.
    """
    derived: dict[str, pd.Series] = {}
    for name in figures.columns:
        if name.endswith("_nan_pixels"):
            has = f"{name.removesuffix('_nan_pixels')}_has_nans"
            derived[has] = _flag(figures[name], lambda count: count > 0)
    if "striping" in figures:
        derived["striped"] = _flag(
            figures["striping"], lambda strength: strength > rules.high_striping
        )
    if "qa_corrupted_pixels" in figures:
        derived["qa_ok"] = _flag(figures["qa_corrupted_pixels"], lambda count: count == 0)
        derived["high_corrupted_pixels_pct"] = _flag(
            figures["qa_corrupted_pixels_pct"], lambda share: share > rules.high_corrupted
        )
    if "water_pixels" in figures:
        derived["almost_all_water"] = _flag(
            figures["water_pixels_pct"], lambda share: share > rules.almost_all_water
        )
    if len(classes) == 2 and f"class_{column_name(classes.names[1])}_pixels" in figures:
        background, name = (column_name(one) for one in classes.names)
        named = _binary(figures, background, name, rules.high_class)
        taken = {*figures.columns, *derived}
        derived |= {} if taken & set(named) else named
    return derived


def _binary(figures: pd.DataFrame, background: str, name: str, high: float) -> dict[str, pd.Series]:
    """Name the figures of the one foreground class after it."""
    pixels, share = figures[f"class_{name}_pixels"], figures[f"class_{name}_pct"]
    return {
        f"has_{name}": _flag(pixels, lambda count: count > 0),
        f"{name}_pixels": pixels,
        f"non_{name}_pixels": figures[f"class_{background}_pixels"],
        f"{name}_pixels_pct": share,
        f"high_{name}_pixels_pct": _flag(share, lambda value: value > high),
    }


def _flag(values: pd.Series, test: Any) -> pd.Series:
    """Return a nullable boolean: missing where the value is."""
    return test(values).astype("boolean").mask(values.isna())
