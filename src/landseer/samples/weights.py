"""Weights: how often the sampler draws each training sample."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from landseer.errors import DataError, RecipeError
from landseer.samples.figures import figure_names, figures
from landseer.samples.table import usable

SHARE_SUFFIX = "_pct"
"""Columns with this ending hold shares from 0 to 1; the `coded` form counts what is missing to 1."""

_EPSILON = 1e-10


class _Weights(BaseModel):
    """What the forms have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    floor: float = Field(default=1e-3, gt=0, le=1)
    """Least weight; the largest is 1. Above 0, so that no sample is left out without a word."""


class CodedWeights(_Weights):
    """As the winning kelp code computed them: shares enter as 1 - share, scaled over both sides with test rows at 0."""

    kind: Literal["coded"] = "coded"

    factors: dict[str, float] = Field(min_length=1)
    """Quality column -> factor. What the kelp system calls `almost_all_water` is the factor of `water_pixels_pct`."""


class StatedWeights(_Weights):
    """As the kelp report states them: factor times value, scaled over the training samples."""

    kind: Literal["stated"] = "stated"

    factors: dict[str, float] = Field(min_length=1)
    """Quality column -> factor."""


class BalancedWeights(_Weights):
    """The rarer the rarest class that a sample shows, the more often; those that show none are drawn no more often than
    any other, and are half of the draws at most.

    Source: the root is that of repeat factors, Gupta et al. 2019, arXiv:1908.03195; what empty samples get: own.
    """

    kind: Literal["balanced"] = "balanced"

    power: float = Field(default=0.5, gt=0, le=1)
    """Exponent of one over the number of samples that show the class: 1 draws all classes alike, and a class that one
    sample alone shows is that sample again and again; 0.5 draws by the root."""

    presence: tuple[str, ...] = ()
    """Columns that are above 0 where a class is present; empty: all `class_*_pixels` but the first, the background."""


class PlaceWeights(_Weights):
    """One over the number of samples of the place: a place that was seen often trains no more than one seen once."""

    kind: Literal["places"] = "places"

    column: str = "group"
    """Column whose equal values are one place: `group`, `site`, or one of the data set's own."""
    power: float = Field(default=1.0, gt=0, le=1)
    """Exponent of the number of samples: 1 draws all places alike, 0.5 by the root of their number of samples."""


_Factor = Annotated[
    CodedWeights | StatedWeights | BalancedWeights | PlaceWeights, Field(discriminator="kind")
]


class ProductWeights(_Weights):
    """Several forms multiplied, as in `[{kind: balanced}, {kind: places, column: scene}]`: rare and even."""

    kind: Literal["product"] = "product"

    of: tuple[_Factor, ...] = Field(min_length=2)
    """The forms; the floor of each holds before they are multiplied."""


WeightsConfig = Annotated[
    CodedWeights | StatedWeights | BalancedWeights | PlaceWeights | ProductWeights,
    Field(discriminator="kind"),
]


def weigh(frame: gpd.GeoDataFrame, config: WeightsConfig) -> gpd.GeoDataFrame:
    """Add the column `weight`.

    Args:
        frame: sample table with quality columns.
        config: which form, and its factors.

    Returns:
        A copy; weights in [floor, 1] for usable training samples, 0 for all others, which are never drawn.

    Raises:
        RecipeError: a column is not in the table; the nearest names are given.
        DataError: a training sample has no value in a column.

    Edges: equal samples all get the floor, and so equal chances. Sizes of places are counted over all usable training
        samples, those of held-out folds included; places are whole in a fold, so their shares stay the same.
    Source: the second-placed solution of the Kelp Wanted competition. Coded: w = sum(factor * (1 - share) for shares,
        factor * value for others), then (w - min) / (max - min + 1e-10) over training samples and, if there are any,
        test samples with w = 0.
    """
    rows = usable(frame, "train")
    column = pd.Series(0.0, index=frame.index)
    column.loc[rows.index] = np.maximum(_weight(frame, rows, config), config.floor)
    return frame.assign(weight=column)


def _weight(
    frame: gpd.GeoDataFrame, rows: gpd.GeoDataFrame, config: WeightsConfig
) -> NDArray[np.float64]:
    """Weigh the usable training samples; the largest weight is 1."""
    if isinstance(config, ProductWeights):
        product = np.ones(len(rows))
        for one in config.of:
            product *= np.maximum(_weight(frame, rows, one), one.floor)
        return product / product.max(initial=1e-300)
    if isinstance(config, BalancedWeights):
        return _balanced(rows, config)
    if isinstance(config, PlaceWeights):
        return _by_place(rows, config.column, config.power)
    raw = _weighted_sum(rows, config.factors, inverted=isinstance(config, CodedWeights))
    has_test = isinstance(config, CodedWeights) and bool((frame["side"] == "test").any())
    return _scaled(raw, np.append(raw, 0.0) if has_test else raw)


def _weighted_sum(
    rows: gpd.GeoDataFrame, factors: dict[str, float], *, inverted: bool
) -> NDArray[np.float64]:
    """Add up factor times value, shares turned round if `inverted`."""
    total = np.zeros(len(rows))
    for name, values in zip(factors, _columns(rows, factors), strict=True):
        turned = inverted and name.endswith(SHARE_SUFFIX)
        total = total + factors[name] * (1 - values if turned else values)
    return total


def _scaled(values: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale so that the least of `among` is 0 and the largest 1."""
    if len(among) == 0:
        return values
    return (values - among.min()) / (among.max() - among.min() + _EPSILON)


def _balanced(rows: gpd.GeoDataFrame, config: BalancedWeights) -> NDArray[np.float64]:
    """Weigh each sample by the rarest class in it, and those without any no more than the least of the others."""
    names = config.presence or _class_columns(rows)
    shows = np.array([values > 0 for values in _columns(rows, names)]).reshape(len(names), -1)
    rarity = np.maximum(shows.sum(axis=1), 1) ** -config.power
    weight = np.where(shows, rarity[:, None], 0).max(axis=0, initial=0)
    is_empty = ~shows.any(axis=0)
    if is_empty.all():
        return np.ones(len(rows))
    shown = weight[~is_empty]
    weight[is_empty] = min(shown.min(), shown.sum() / max(is_empty.sum(), 1))
    return weight / weight.max()


def _by_place(rows: gpd.GeoDataFrame, column: str, power: float) -> NDArray[np.float64]:
    """Weigh each sample by one over the size of its place; the smallest place gets 1."""
    if column not in rows.columns:
        near = difflib.get_close_matches(column, map(str, rows.columns), n=3, cutoff=0.5)
        raise RecipeError(
            f"expected a column of the sample table that names the place; got {column!r}",
            where="weights.column",
            do=f"use one of: {', '.join(near or ['group', 'site'])}",
        )
    places = rows[column]
    if places.isna().any():
        raise DataError(
            f"expected a place for every training sample; {int(places.isna().sum())} have none in {column}",
            where=f"sample {rows['sample'][places.isna()].iloc[0]}",
            do="take `column: group`, which the audit fills for every sample",
        )
    size = places.map(places.value_counts()).to_numpy(np.float64)
    return (size / size.min(initial=np.inf)) ** -power


def _class_columns(rows: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Return the pixel counts of all classes but the first."""
    names = [
        name for name in rows.columns if name.startswith("class_") and name.endswith("_pixels")
    ]
    if len(names) < 2:
        raise RecipeError(
            "expected columns class_*_pixels of two or more classes; got "
            f"{', '.join(names) or 'none'}",
            where="weights.presence",
            do="run the audit with labels, or name the columns",
        )
    return tuple(names[1:])


def _columns(rows: gpd.GeoDataFrame, names: Iterable[str]) -> list[NDArray[np.float64]]:
    """Take columns as numbers, all of them filled."""
    return [_column(rows, name) for name in names]


def _column(rows: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    """Take one column as numbers, all of them filled."""
    known = figure_names(rows)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
        raise RecipeError(
            f"expected a numeric column of the sample table; got {name!r}",
            where=f"weights, column {name}",
            do=f"use one of: {', '.join(near)}",
        )
    values = figures(rows, name)
    empty = np.flatnonzero(~np.isfinite(values))
    if len(empty):
        raise DataError(
            f"expected a value of {name} for every training sample; {len(empty)} have none",
            where=f"sample {rows['sample'].iloc[empty[0]]}",
            do="exclude these samples or leave the column out of the weights",
        )
    return values
