"""Quality: one row of figures per sample, read in one pass over its files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from landseer.audit.suspects import SuspectRule
from landseer.core.bands import Band
from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.core.parallel import parallel_map
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.samples.schema import is_missing
from landseer.samples.table import usable
from landseer.spectral.compute import variables_from
from landseer.spectral.formula import Formula

Figures = dict[str, float]


class QualityConfig(BaseModel):
    """What is counted in each image, and which samples are suspect (the recipe's key `quality`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    corrupted: str | None = None
    """Formula over bands that is true where a pixel is bad, such as `qa != 0`; None leaves the `qa_` columns out."""

    water: str | None = None
    """Formula that is true on water; `isnan(dem) or dem <= 0` counts missing heights as sea; None: no such columns."""

    high_corrupted: float = Field(default=0.4, ge=0, le=1)
    """Share of bad pixels above which `high_corrupted_pixels_pct` is true."""

    almost_all_water: float = Field(default=0.98, ge=0, le=1)
    """Share of water above which `almost_all_water` is true."""

    high_class: float = Field(default=0.4, ge=0, le=1)
    """Share of the foreground class above which `high_<class>_pixels_pct` is true (two classes only)."""

    suspects: tuple[SuspectRule, ...] = ()
    """Rules that set samples aside; the first that holds gives the reason."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that `_measure` needs besides the paths."""

    bands: tuple[Band, ...]
    classes: ClassTable
    corrupted: Formula | None
    water: Formula | None


def quality(
    frame: gpd.GeoDataFrame,
    bands: Sequence[Band],
    classes: ClassTable,
    *,
    rules: QualityConfig | None = None,
    workers: int | None = None,
) -> gpd.GeoDataFrame:
    """Add the quality columns to the sample table.

    Counts are pixels; `*_pct` are shares from 0 to 1. Shares of classes are of the labelled pixels, all others of all
    pixels. A pixel is missing where any reflectance band is; it is valid where it is neither missing nor corrupted.
    `<height band>_nan_pixels` counts missing heights, `<height band>_zero_pixels` those of exactly 0.

    Args:
        frame: sample table; excluded rows are not read and get no figures.
        bands: bands of the images, physical values and NaN for nodata in the formulas.
        classes: classes of the labels.
        rules: formulas and thresholds; None takes the defaults.

    Returns:
        A copy with more columns: floats (NaN where there is nothing to count, as the label's on test rows) and
        nullable booleans. A column is there only if its band, formula or label is.

    Raises:
        FileReadError, BandError, LabelError, FormulaError: a file or formula is not what it should be.

    Source: names and thresholds of the second-placed solution of the Kelp Wanted competition; unlike there, heights
    below zero are not counted as missing.
    """
    rules = rules or QualityConfig()
    plan = _Plan(
        tuple(bands),
        classes,
        Formula.parse(rules.corrupted) if rules.corrupted else None,
        Formula.parse(rules.water) if rules.water else None,
    )
    rows = usable(frame, None)
    jobs = [
        (Path(image), None if is_missing(label) else Path(label))
        for image, label in zip(rows["image"], rows["label"], strict=True)
    ]
    measured = list(
        parallel_map(lambda job: _measure(*job, plan), jobs, label="quality", workers=workers)
    )
    figures = pd.DataFrame(measured, index=rows.index, dtype=float).reindex(frame.index)
    figures = figures.assign(**_flags(figures, classes, rules))
    stale = [name for name in figures.columns if name in frame.columns]
    return gpd.GeoDataFrame(
        pd.concat([frame.drop(columns=stale), figures], axis=1), geometry="geometry", crs=frame.crs
    )


def column_name(class_name: str) -> str:
    """Return a class name as it stands in column names and formulas: lower case, `_` for all but letters and digits."""
    return re.sub(r"\W+", "_", class_name.strip().lower())


def _measure(image: Path, label: Path | None, plan: _Plan) -> Figures:
    """Count in one sample's files."""
    variables = variables_from(read_bands(image, [band.index for band in plan.bands]), plan.bands)
    shape = next(iter(variables.values())).shape
    missing = np.zeros(shape, bool)
    for band in plan.bands:
        if band.kind == "reflectance":
            missing |= np.isnan(variables[band.name])
    bad = _where(plan.corrupted, variables, shape)
    figures: Figures = {
        "valid_pct": float((~(missing | bad)).mean()),
        "nodata_pct": float(missing.mean()),
    }
    if plan.corrupted:
        figures |= _count("qa_corrupted_pixels", bad)
    for band in plan.bands:
        if band.kind == "elevation":
            figures |= _count(f"{band.name}_nan_pixels", np.isnan(variables[band.name]))
            figures |= _count(f"{band.name}_zero_pixels", variables[band.name] == 0)
    if plan.water:
        figures |= _count("water_pixels", _where(plan.water, variables, shape))
    return figures if label is None else figures | _count_classes(label, plan.classes)


def _where(
    formula: Formula | None, variables: Mapping[str, NDArray[Any]], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Evaluate a condition; numbers count as true unless they are 0 or NaN."""
    if formula is None:
        return np.zeros(shape, bool)
    return np.nan_to_num(np.asarray(formula(variables))).astype(bool)


def _count(name: str, mask: NDArray[np.bool_]) -> Figures:
    """Return a count and its share."""
    return {name: float(mask.sum()), f"{name}_pct": float(mask.mean())}


def _count_classes(label: Path, classes: ClassTable) -> Figures:
    """Count each class in a label, and the pixels that are ignored or unknown."""
    numbers = np.bincount(read_label(label, classes).ravel(), minlength=256)
    labelled = float(numbers[: len(classes)].sum())
    figures: Figures = {
        "unlabelled_pct": float(numbers[IGNORE] + numbers[UNKNOWN]) / float(numbers.sum())
    }
    for number, name in enumerate(classes.names):
        key = f"class_{column_name(name)}_pixels"
        figures[key] = float(numbers[number])
        figures[f"class_{column_name(name)}_pct"] = (
            float(numbers[number]) / labelled if labelled else float("nan")
        )
    return figures


def _flags(
    figures: pd.DataFrame, classes: ClassTable, rules: QualityConfig
) -> dict[str, pd.Series]:
    """Derive what follows from the counts: flags, and short names where there are two classes."""
    derived: dict[str, pd.Series] = {}
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
        derived |= _binary(figures, background, name, rules.high_class)
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
