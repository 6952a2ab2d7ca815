"""Least, greatest, mean and spread of each band of a raster that comes in strips, as GDAL writes them into a file."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_PIECE_PX = 1 << 18


class BandFigures:
    """Count, mean and squared deviations of one band, merged strip by strip.

    Args:
        nodata: the value that says missing, besides NaN.

    Source: Chan, Golub, LeVeque, 1983, The American Statistician 37, 242, doi:10.1080/00031305.1983.10483115.
    """

    def __init__(self, nodata: float | None) -> None:
        self._nodata = nodata
        self._least, self._greatest = math.inf, -math.inf
        self._seen = self._count = 0
        self._mean = self._squares = 0.0

    def add(self, rows_hw: NDArray[np.generic]) -> None:
        """Add pixels, (h, w) and contiguous."""
        flat = rows_hw.reshape(-1)
        for start in range(0, flat.size, _PIECE_PX):
            self._add(flat[start : start + _PIECE_PX])

    def tags(self) -> dict[str, str]:
        """Return GDAL's `STATISTICS_…`; without a valid pixel only the share of valid ones, which is 0."""
        share = {
            "STATISTICS_VALID_PERCENT": f"{100 * self._count / self._seen if self._seen else 0:.4g}"
        }
        if not self._count:
            return share
        figures = {
            "MINIMUM": self._least,
            "MAXIMUM": self._greatest,
            "MEAN": self._mean,
            "STDDEV": math.sqrt(self._squares / self._count),
        }
        return share | {f"STATISTICS_{name}": f"{value:.14g}" for name, value in figures.items()}

    def _add(self, pixels: NDArray[np.generic]) -> None:
        """Merge the figures of a few pixels; bytes are counted by value, which is four times as fast."""
        self._seen += pixels.size
        times = np.bincount(pixels) if pixels.dtype == np.uint8 else None
        values = pixels if times is None else np.flatnonzero(times)
        valid = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
        if self._nodata is not None:
            valid &= values != self._nodata
        if not valid.all():
            values = values[valid]
        if values.size:
            self._merge(values.astype(np.float64), None if times is None else times[values])

    def _merge(self, values: NDArray[np.float64], times: NDArray[np.int64] | None) -> None:
        """Merge values that come so many times, once if not told."""
        self._least = min(self._least, float(values.min()))
        self._greatest = max(self._greatest, float(values.max()))
        count = values.size if times is None else int(times.sum())
        mean = float(values.mean() if times is None else np.average(values, weights=times))
        values -= mean
        squares = float(np.vdot(values, values if times is None else values * times))
        total, step = self._count + count, mean - self._mean
        self._squares += squares + step**2 * self._count * count / total
        self._mean += step * count / total
        self._count = total
