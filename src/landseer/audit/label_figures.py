"""Label figures: on how much of a class a formula over bands holds, as a column that rules can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.parallel import parallel_map
from landseer.errors import RecipeError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.samples.schema import is_missing
from landseer.samples.table import usable
from landseer.spectral.compute import variables_from
from landseer.spectral.formula import Formula


class LabelFigure(BaseModel):
    """Where a class should not be: its pixels on which a formula holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    of: str = Field(min_length=1)
    """Name of the class in the label."""

    where: str
    """Formula over bands, such as `dem > 10` (land) or `qa != 0` (cloud)."""


def label_figures(
    frame: gpd.GeoDataFrame,
    rules: Mapping[str, LabelFigure],
    bands: Sequence[Band],
    classes: ClassTable,
    *,
    workers: int | None = None,
) -> gpd.GeoDataFrame:
    """Add `<name>_pixels` and `<name>_pct` for each rule: pixels of the class where the formula holds, and their share.

    Args:
        frame: sample table; excluded and unlabelled rows are not read and get NaN.
        rules: by the name of the figure.
        bands: bands of the images, physical values and NaN for nodata in the formulas.
        classes: classes of the labels.
        workers: threads; None takes one per processor.

    Returns:
        A copy with two more columns of float64 for each rule; the same frame where there are no rules.

    Raises:
        RecipeError: a rule names a class that does not exist.
        FileReadError, LabelError, FormulaError: a file or formula is not what it should be.

    Edges: the share is NaN where the label does not have the class; a formula that is NaN does not hold.
    """
    if not rules:
        return frame
    for name, rule in rules.items():
        if rule.of not in classes.names:
            raise RecipeError(
                f"expected one of the classes {', '.join(classes.names)}; got {rule.of!r}",
                where=f"quality.figures.{name}.of",
            )
    plan = {
        name: (classes.names.index(rule.of), Formula.parse(rule.where))
        for name, rule in rules.items()
    }
    rows = usable(frame, None)
    rows = rows[~rows["label"].map(is_missing).astype(bool)]

    def measure(job: tuple[str, str]) -> dict[str, float]:
        values = read_bands(Path(job[0]), [band.index for band in bands])
        label = read_label(Path(job[1]), classes)
        variables = variables_from(values, bands)
        figures: dict[str, float] = {}
        for name, (number, formula) in plan.items():
            holds = np.nan_to_num(np.asarray(formula(variables))).astype(bool)
            of, count = int((label == number).sum()), int((holds & (label == number)).sum())
            figures[f"{name}_pixels"] = float(count)
            figures[f"{name}_pct"] = count / of if of else float("nan")
        return figures

    jobs = list(zip(rows["image"], rows["label"], strict=True))
    measured = list(parallel_map(measure, jobs, label="label figures", workers=workers))
    names = [f"{name}_{kind}" for name in rules for kind in ("pixels", "pct")]
    added = pd.DataFrame(measured, index=rows.index, columns=names, dtype=float)
    return frame.assign(**added.reindex(frame.index))
