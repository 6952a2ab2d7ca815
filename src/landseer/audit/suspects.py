"""Suspects: rules over the quality figures that set samples aside, and how held-out predictions look for more."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from landseer.errors import RecipeError
from landseer.samples.figures import figure_names, figures
from landseer.samples.findings import EXCLUDED, Finding
from landseer.samples.schema import is_missing
from landseer.spectral.formula import Formula

KEPT_BY_HAND = "kept by hand"
"""What was done with a sample that a rule caught and a person keeps."""


class SuspectRule(BaseModel):
    """A rule that sets samples aside."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(min_length=1)
    """What is wrong with the samples it catches; becomes the reason in the column `excluded`."""

    where: str
    """Condition over quality columns, such as `kelp_pixels_pct > 0.4 and qa_ok == 0`; flags are 0 and 1."""


class SuspectsConfig(BaseModel):
    """How labels that out-of-fold predictions contradict are ranked (the recipe's key `suspects`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    score: Literal["region", "any_width", "confident", "softmin", "self_confidence"] = "region"
    """`region`: share of a class in wide regions that are surely another one; `any_width`: thin ones count, too;
    `confident`: share of all pixels that are surely another class; `softmin`, `self_confidence`: one less a mean of the
    given class's probability, in which the worst pixels weigh most, or all the same."""

    most: int = Field(default=100, ge=0)
    """Samples listed in `audit/suspects.csv`."""

    pictures: int = Field(default=24, ge=0, le=200)
    """Samples with a picture, in `audit/suspects/` and in the report."""

    edge_px: int = Field(default=2, ge=0, le=50)
    """Edges of a label may be off by this much, in pixels, before they count as wrong."""

    region_px: int = Field(default=9, ge=1)
    """Pixels that must be wrong together to count."""


def exclude_suspects(
    frame: gpd.GeoDataFrame, rules: Sequence[SuspectRule], keep: Container[str] = ()
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Set aside the samples that a rule catches, and report every one of them.

    Args:
        frame: sample table with quality columns.
        rules: conditions over its numeric and boolean columns.
        keep: samples that a person keeps whatever a rule says.

    Returns:
        A copy with `excluded` set, and one finding per sample caught, with the figures of the rule and what was done.

    Raises:
        RecipeError: a rule is not a condition, or uses a column that is not there.

    Edges: a missing figure (NaN) makes a comparison false; rows already excluded keep their reason.
    """
    frame, findings = frame.copy(), []
    for rule in rules:
        condition = Formula.parse(rule.where)
        values = _figures_of(frame, rule, condition)
        caught = np.asarray(condition(values)).astype(bool)
        free = np.array([is_missing(reason) for reason in frame["excluded"]], bool)
        kept = np.array([sample in keep for sample in frame["sample"]], bool)
        for index in np.flatnonzero(caught & free):
            shown = ", ".join(f"{name} {values[name][index]:.4g}" for name in sorted(values))
            row, action = frame.iloc[index], KEPT_BY_HAND if kept[index] else EXCLUDED
            findings.append(Finding(row["sample"], row["image"], "", rule.name, shown, action))
        frame.loc[frame.index[caught & free & ~kept], "excluded"] = rule.name
    return frame, findings


def _figures_of(
    frame: gpd.GeoDataFrame, rule: SuspectRule, condition: Formula
) -> dict[str, NDArray[np.float64]]:
    """Take the columns of a rule as numbers."""
    usable_columns = figure_names(frame)
    missing = sorted(condition.names - set(usable_columns))
    if missing or not condition.is_condition:
        came = f"no column {', '.join(missing)}" if missing else "a number"
        raise RecipeError(
            f"expected a condition over quality columns; got {came} in {rule.where!r}",
            where=f"quality.suspects, rule {rule.name!r}",
            do=f"use some of: {', '.join(usable_columns)}",
        )
    return {name: figures(frame, name) for name in sorted(condition.names)}
