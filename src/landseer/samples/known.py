"""Which samples have something to learn from: a class label, or a reference."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.core.references import Reference
from landseer.samples.schema import is_missing


def has_known(frame: gpd.GeoDataFrame, references: Iterable[Reference] = ()) -> pd.Series:
    """Tell which rows have a class label or one of these references.

    Args:
        frame: sample table.
        references: of the data set; those without a column in the table are nowhere known.

    Returns:
        Booleans with the table's index.
    """
    columns = ["label", *(one.column for one in references if one.column in frame.columns)]
    known = [[not is_missing(value) for value in frame[name]] for name in columns]
    return pd.Series(np.any(known, axis=0), index=frame.index, dtype=bool)
