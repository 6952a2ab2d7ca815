"""Blocks: the Earth cut into cells of equal area, and the folds made of whole ones.

The grid is the integerised sinusoidal one of NASA's level-3 bins: bands of latitude of the asked height, each cut into
the whole number of cells whose width is nearest to it. Cells are all but square everywhere, no projection stretches
them, and a sample added to the data moves no border.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from landseer.errors import StageError
from landseer.splits.buffer import deal_apart, require_footprints
from landseer.splits.config import SpatialBlocksConfig
from landseer.splits.parts import Parts
from landseer.splits.units import groups_of

RADIUS_M = 6_371_007.181
"""Radius of the sphere with the Earth's area."""

_LARGEST_M = 20_000_000
_STEPS_PER_HALVING = 4


def spatial_blocks(rows: gpd.GeoDataFrame, config: SpatialBlocksConfig, seed: int) -> Parts:
    """Share blocks of ground out by size and make-up.

    Args:
        rows: usable training samples, sorted by name, with footprints and groups.
        config: side or number of the blocks, folds, buffer.
        seed: breaks ties.

    Returns:
        Folds, bars and the block of each sample, named `side/band/cell`.

    Raises:
        StageError: samples have no footprint or no group, or there are too few blocks.

    Edges: a group lies whole in the block of its middle, so a sample may lie beyond the border of its block.
    Source: Roberts et al. 2017, doi:10.1111/ecog.02881 (why); grid: Campbell et al. 1995, NASA TM 104566 vol. 32.
    """
    require_footprints(rows, "folds by spatial blocks")
    groups = groups_of(rows)
    middles = _middles(rows, groups)
    side_m = config.block_m or _side_m(middles, config.n_blocks or 2)
    blocks = block_names(middles, side_m)
    n_folds = config.n_folds
    parts = deal_apart(
        rows, blocks, config, n_folds=n_folds, seed=seed, noun="block", places=groups
    )
    return Parts(parts.fold, parts.barred, tuple(blocks))


def block_names(lon_lat: NDArray[np.float64], side_m: float) -> list[str]:
    """Name the block of each point.

    Args:
        lon_lat: (n, 2) degrees.
        side_m: height of a block, m; its width is as near to it as whole cells around the parallel allow.
    """
    band, cell = _cells(lon_lat, side_m)
    return [f"{side_m:g}m/{b}/{c}" for b, c in zip(band, cell, strict=True)]


def _cells(lon_lat: NDArray[np.float64], side_m: float) -> tuple[Sequence[int], Sequence[int]]:
    """Number the band and the cell of each point."""
    # Rounded to a tenth of a millimetre, so that a point on a border lies on the same side on every machine.
    lon, lat = np.round(np.asarray(lon_lat, np.float64), 9).T
    band = np.floor(np.round(np.radians(lat + 90) * RADIUS_M / side_m, 9))
    last = np.ceil(np.pi * RADIUS_M / side_m) - 1
    band = np.clip(band, 0, max(last, 0))
    middle = np.clip((band + 0.5) * side_m / RADIUS_M - np.pi / 2, -np.pi / 2, np.pi / 2)
    around = np.maximum(np.round(2 * np.pi * RADIUS_M * np.cos(middle) / side_m), 1)
    cell = np.floor(np.round((lon + 180) / 360 * around, 9)) % around
    return band.astype(np.int64).tolist(), cell.astype(np.int64).tolist()


def _side_m(middles: NDArray[np.float64], n_blocks: int) -> float:
    """Return the largest side, in whole metres, at which so many blocks hold samples."""
    most = 0
    for step in range(_STEPS_PER_HALVING * 25):
        side_m = float(round(_LARGEST_M / 2 ** (step / _STEPS_PER_HALVING)))
        count = len(set(zip(*_cells(middles, max(side_m, 1)), strict=True)))
        if count >= n_blocks:
            return max(side_m, 1)
        most = max(most, count)
    raise StageError(
        f"expected places for {n_blocks} blocks; got {most}",
        where="split.n_blocks",
        do="set split.n_blocks lower",
    )


def _middles(rows: gpd.GeoDataFrame, groups: Sequence[str]) -> NDArray[np.float64]:
    """Return the middle of each row's group: (n, 2) degrees, the same for all rows of a group."""
    points = shapely.point_on_surface(np.asarray(rows.geometry, dtype=object))
    lon, lat = np.radians([shapely.get_x(points), shapely.get_y(points)])
    axes = (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    number = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1].ravel()
    # bincount adds up in the order of the rows, which are sorted by name: the same sum on every machine
    x, y, z = (np.bincount(number, weights=axis) for axis in axes)
    middle = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]).T
    return np.asarray(middle[number], np.float64)
