"""Labelled samples: those of which a class label or any reference is known."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from landseer.core.references import Reference


def is_labelled(frame: gpd.GeoDataFrame, references: Sequence[Reference] = ()) -> pd.Series:
    """Return of each row whether there is anything to learn from it.

    Args:
        frame: a sample table.
        references: what the data set knows besides class labels.
    """
    columns = ["label", *(r.column for r in references if r.column in frame.columns)]
    return frame[columns].notna().any(axis=1)
