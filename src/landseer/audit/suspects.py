"""Suspects: rules over the quality figures that set samples aside, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from landseer.errors import RecipeError
from landseer.samples.figures import figure_names, figures
from landseer.samples.findings import EXCLUDED, Finding
from landseer.samples.schema import is_missing
from landseer.spectral.formula import Formula


class SuspectRule(BaseModel):
    """A rule that sets samples aside."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(min_length=1)
    """What is wrong with the samples it catches; becomes the reason in the column `excluded`."""

    where: str
    """Condition over quality columns, such as `kelp_pixels_pct > 0.4 and qa_ok == 0`; flags are 0 and 1."""


def exclude_suspects(
    frame: gpd.GeoDataFrame, rules: Sequence[SuspectRule]
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Set aside the samples that a rule catches, and report every one of them.

    Args:
        frame: sample table with quality columns.
        rules: conditions over its numeric and boolean columns.

    Returns:
        A copy with `excluded` set, and one finding per sample set aside, with the figures of the rule.

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
        for index in np.flatnonzero(caught & free):
            shown = ", ".join(f"{name} {values[name][index]:.4g}" for name in sorted(values))
            row = frame.iloc[index]
            findings.append(Finding(row["sample"], row["image"], "", rule.name, shown, EXCLUDED))
        frame.loc[frame.index[caught & free], "excluded"] = rule.name
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
