"""Whether two rasters show the same ground pixel by pixel, and how they differ where they do not."""

from __future__ import annotations

import numpy as np
from rasterio.crs import CRS

from landseer.errors import GridError
from landseer.raster.read import RasterInfo

TOLERANCE_PX = 0.1
"""How far a corner may lie from its true place: grids written by different software differ by rounding."""


def check_same_grid(prediction: RasterInfo, truth: RasterInfo) -> None:
    """Refuse a prediction on another grid than its truth.

    Raises:
        GridError: the sizes, the CRSs or the places of the corners differ.

    Edges: where one of the two has no CRS or no transform, sizes alone decide.
    """
    wanted, came = ((info.height, info.width) for info in (truth, prediction))
    if wanted != came:
        raise GridError(
            f"expected a prediction of {wanted} pixels; got {came}",
            where=prediction.path,
            do="score the map in the grid of its truth",
        )
    if truth.crs and prediction.crs and not _is_same_crs(truth.crs, prediction.crs):
        raise GridError(
            f"expected a prediction in {_short(truth.crs)}, like its truth; got {_short(prediction.crs)}",
            where=prediction.path,
            do="warp the truth to the grid of the map",
        )
    shift = _shift_px(prediction, truth)
    if shift > TOLERANCE_PX:
        raise GridError(
            f"expected a prediction that lies on its truth; a corner is {shift:.1f} pixels away",
            where=prediction.path,
            do="warp the truth to the grid of the map",
        )


def _is_same_crs(one: str, other: str) -> bool:
    """Tell whether two texts name one CRS."""
    return one == other or CRS.from_user_input(one) == CRS.from_user_input(other)


def _short(crs: str) -> str:
    """Name a CRS in a few words."""
    return crs if len(crs) < 40 else f"{crs[:40]}…"


def _shift_px(prediction: RasterInfo, truth: RasterInfo) -> float:
    """Return how many pixels the corners lie apart at most; 0 where it cannot be known."""
    if prediction.transform is None or truth.transform is None:
        return 0.0
    height, width = truth.height, truth.width
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
    first, second = (
        np.array(info.transform, np.float64).reshape(2, 3) for info in (prediction, truth)
    )
    pixel = np.sqrt(abs(np.linalg.det(second[:, :2])))
    away = np.hypot(*(corners @ (first - second).T).T).max()
    return float(away / pixel) if pixel else 0.0
