"""Figures: columns of the sample table as numbers, whatever type a file or an assignment made of them."""

from __future__ import annotations

from numbers import Real

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.samples.schema import is_missing


def figure_names(frame: gpd.GeoDataFrame) -> list[str]:
    """List the columns that hold numbers or flags."""
    return [str(name) for name in frame.columns if _is_figure(frame[name])]


def figures(frame: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    """Return one column as float64: flags as 0 and 1, NaN for what is missing.

    Args:
        frame: sample table.
        name: one of `figure_names`.
    """
    return np.array([np.nan if is_missing(value) else float(value) for value in frame[name]], float)


def _is_figure(values: pd.Series) -> bool:
    """Tell whether a column holds numbers or flags and nothing else."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return True
    if values.dtype != object:
        return False
    there = [value for value in values if not is_missing(value)]
    return bool(there) and all(isinstance(value, Real | np.bool_) for value in there)
