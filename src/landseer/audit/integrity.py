"""Integrity of an image: which bands it has, what their pixels hold, and whether that is of use."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.audit.verdict import Verdict, share_text
from landseer.core.bands import Band
from landseer.raster.read import RasterInfo

GROUND = ("reflectance", "other")
"""Kinds of bands that show the ground; a sample without any valid pixel of them is of no use."""

Mask = NDArray[np.bool_]


def check_bands(verdict: Verdict, info: RasterInfo, bands: Sequence[Band]) -> tuple[Band, ...]:
    """Leave the sample out where its image lacks bands; return the bands that are there."""
    lacking = [band for band in bands if band.index > info.count]
    if lacking:
        names = ", ".join(f"{band.name} ({band.index})" for band in lacking)
        figure = f"{info.count} bands in the file, without {names}"
        verdict.exclude(info.path, "image lacks bands", figure)
    return tuple(band for band in bands if band not in lacking)


def valid_pixels(raw: NDArray[np.generic], bands: Sequence[Band]) -> Mask:
    """Tell which pixels of each band are neither nodata nor NaN nor infinite: (b, h, w) from (b, h, w)."""
    valid = np.isfinite(raw) if raw.dtype.kind == "f" else np.ones(raw.shape, bool)
    for number, band in enumerate(bands):
        if band.nodata is not None and not np.isnan(band.nodata):
            valid[number] &= raw[number] != band.nodata
    return valid


@dataclass(slots=True)
class BandTally:
    """What the pixels of one band hold, counted strip by strip.

    Attributes:
        n_nan, n_infinite, n_valid, n_pixels: pixels; a valid one is none of nodata, NaN, infinite.
        low, high: the least and the greatest valid value.
        digest: of all pixels as they stand in the file.
    """

    n_nan: int = 0
    n_infinite: int = 0
    n_valid: int = 0
    n_pixels: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, values: NDArray[np.generic], valid: Mask) -> None:
        """Count a strip (h, w) of the band."""
        self.digest.update(np.ascontiguousarray(values))
        self.n_pixels += values.size
        is_whole = bool(valid.all())
        self.n_valid += values.size if is_whole else int(valid.sum())
        if values.dtype.kind == "f" and not is_whole:
            n_nan = int(np.isnan(values).sum())
            self.n_nan += n_nan
            self.n_infinite += int(np.isinf(values).sum())
        there = values if is_whole else values[valid]
        if there.size:
            self.low = min(self.low, float(there.min()))
            self.high = max(self.high, float(there.max()))

    @property
    def is_flat(self) -> bool:
        """Whether all valid pixels, more than one, have the same value."""
        return self.n_valid > 1 and self.low == self.high


def report_pixels(
    verdict: Verdict, info: RasterInfo, bands: Sequence[Band], tallies: Sequence[BandTally]
) -> None:
    """Turn the counts of the bands into findings; leave the sample out where nothing is valid.

    Edges: quality and elevation bands may be empty, flat or equal to others: clear sky and open sea are no fault.
    """
    for band, tally in zip(bands, tallies, strict=True):
        _report_band(verdict, info, band, tally)
    _report_twins(verdict, info, bands, tallies)
    ground = [tally for band, tally in zip(bands, tallies, strict=True) if band.kind in GROUND]
    total = info.width * info.height
    if ground and not any(tally.n_valid for tally in ground):
        figure = f"all {total} pixels are nodata, NaN or infinite"
        verdict.exclude(info.path, "image has no valid pixel", figure)
    elif ground and all(tally.is_flat or not tally.n_valid for tally in ground):
        values = ", ".join(f"{tally.low:.6g}" for tally in ground[:_VALUES_SHOWN] if tally.n_valid)
        figure = f"one value per band ({values}) in all {total} pixels"
        verdict.note(info.path, "", "image is blank", figure)


_VALUES_SHOWN = 8


def _report_band(verdict: Verdict, info: RasterInfo, band: Band, tally: BandTally) -> None:
    """Report NaN, infinite, missing and flat pixels of one band."""
    path, total = info.path, tally.n_pixels
    if tally.n_nan and not (band.nodata is not None and np.isnan(band.nodata)):
        figure = share_text(tally.n_nan, total)
        verdict.note(path, band.name, "pixels are NaN and count as missing", figure)
    if tally.n_infinite:
        figure = share_text(tally.n_infinite, total)
        verdict.note(path, band.name, "pixels are infinite", figure)
    if band.kind not in GROUND:
        return
    if not tally.n_valid:
        verdict.note(path, band.name, "band has no valid pixel", share_text(total, total))
    elif tally.is_flat:
        figure = f"{tally.low:.6g} in {share_text(tally.n_valid, total)}"
        verdict.note(path, band.name, "band is constant", figure)


def _report_twins(
    verdict: Verdict, info: RasterInfo, bands: Sequence[Band], tallies: Sequence[BandTally]
) -> None:
    """Report bands with the same pixels as an earlier one, unless they are flat or empty."""
    seen: dict[bytes, str] = {}
    for band, tally in zip(bands, tallies, strict=True):
        if band.kind not in GROUND or tally.is_flat or not tally.n_valid:
            continue
        first = seen.setdefault(tally.digest.digest(), band.name)
        if first != band.name:
            figure = f"all {tally.n_pixels} pixels as in {first}"
            verdict.note(info.path, band.name, "band has the same pixels as another", figure)


def content(info: RasterInfo, tallies: Sequence[BandTally]) -> str:
    """Hash size, type and all pixels of an image; "" where every band is flat or empty and so proves nothing."""
    if all(tally.is_flat or not tally.n_valid for tally in tallies):
        return ""
    digest = hashlib.sha256(f"{info.height} {info.width} {info.dtype}".encode())
    for tally in tallies:
        digest.update(tally.digest.digest())
    return digest.hexdigest()
