"""Buffer: samples too near to what is held out are barred from that fold's training."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.errors import StageError
from landseer.samples.schema import shorten
from landseer.splits.config_parts import Grouped
from landseer.splits.ground import lay_out, near_pairs
from landseer.splits.parts import HOLDOUT, TRAIN_ONLY, UNUSED, Parts
from landseer.splits.units import deal, put_aside

Mask = NDArray[np.bool_]


def has_footprint(rows: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which rows have a footprint."""
    return ~np.asarray(rows.geometry.isna() | rows.geometry.is_empty, bool)


def require_footprints(rows: gpd.GeoDataFrame, what: str) -> None:
    """Refuse rows without footprints.

    Raises:
        StageError: some have none; it says how many, and for what they are needed.
    """
    lost = rows["sample"][~has_footprint(rows)]
    if len(lost):
        raise StageError(
            f"expected a footprint for every training sample, which {what} need; {len(lost)} of {len(rows)} have none "
            f"({shorten(lost)})",
            where="split",
            do="georeference the images (CRS and transform), or use split.kind group_kfold without buffer_m",
        )


def near(rows: gpd.GeoDataFrame, judged: Mask, buffer_m: float) -> Mask:
    """Tell which other rows are too near to some.

    Args:
        rows: usable training samples, with footprints where there is a buffer.
        judged: (n,) those that are held out or put aside.
        buffer_m: least distance from footprint to footprint, m; 0 for none.

    Returns:
        (n,) bool, False for those judged.

    Raises:
        StageError: there is a buffer, and samples have no footprint.
    """
    found = np.zeros(len(rows), bool)
    if buffer_m:
        require_footprints(rows, "a buffer")
        ground = lay_out(rows.geometry)
        _, others = near_pairs(ground, np.flatnonzero(judged), np.flatnonzero(~judged), buffer_m)
        found[others] = True
    return found


def deal_apart(
    rows: gpd.GeoDataFrame,
    units: Sequence[str],
    config: Grouped,
    *,
    n_folds: int | None,
    seed: int,
    noun: str = "group",
    places: Sequence[str] | None = None,
    column: str = "site",
) -> Parts:
    """Put units aside, leave out what is too near to them, deal the others to folds, and bar what is too near to those.

    Args:
        rows: usable training samples, sorted by name.
        units: what must stay whole, per row.
        config: the splitter: what is put aside, strata, buffer.
        n_folds: number of folds; None makes one of each unit.
        seed: breaks ties.
        noun: what a unit is, for messages.
        places: what stays whole where sites are put aside; None takes the units.
        column: where sites stand.

    Raises:
        As for `put_aside`, `deal` and `near`.
    """
    is_aside = put_aside(rows, units, config, places=places, column=column, seed=seed)
    is_unused = near(rows, is_aside, config.buffer_m)
    kept = np.flatnonzero(~is_aside & ~is_unused).tolist()
    fold = np.where(is_unused, UNUSED, HOLDOUT).astype(np.int64)
    fold[kept] = deal(
        rows.iloc[kept], [units[n] for n in kept], config, n_folds=n_folds, seed=seed, noun=noun
    )
    folds = range(int(fold.max(initial=TRAIN_ONLY)) + 1)
    barred = [near(rows, fold == number, config.buffer_m) & (fold >= 0) for number in folds]
    return Parts(fold, np.stack(barred, axis=1))
