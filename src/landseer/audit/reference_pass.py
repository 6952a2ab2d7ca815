"""One pass over a reference raster: whether it lies on its image, and what its values are."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.audit.grids import compare_grids
from landseer.audit.verdict import Verdict, share_text
from landseer.core.references import FIGURES, Reference
from landseer.core.window import Window
from landseer.errors import BandError, GridError
from landseer.raster.opening import open_raster
from landseer.raster.read import RasterInfo, describe, prove_whole, read_open
from landseer.raster.reference import covered_share, grid_map

STRIP_BYTES = 16 * 2**20
"""Pixels of a reference that one thread holds at once, in bytes."""

_NOTHING = 1e-6
"""Shares of an image that are rounding errors."""


@dataclass(frozen=True, slots=True)
class ReferenceReading:
    """What was read of a reference raster.

    Attributes:
        info: its header.
        figures: by the names of `core.references.FIGURES`.
        content: hash of its size, type and pixels; "" where they are all alike and so prove nothing.
    """

    info: RasterInfo
    figures: dict[str, float]
    content: str


@dataclass(slots=True)
class ValueTally:
    """What the values of a reference are, counted strip by strip; `add` each of them, then ask.

    Attributes:
        n_pixels, n_valid, n_infinite, n_low: pixels; low ones are below the reference's minimum and valid.
        least, greatest, total: of the valid physical values.
        digest: of all pixels as they stand in the file.
    """

    n_pixels: int = 0
    n_valid: int = 0
    n_infinite: int = 0
    n_low: int = 0
    least: float = math.inf
    greatest: float = -math.inf
    total: float = 0.0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, raw: NDArray[np.generic], reference: Reference) -> None:
        """Count a strip of raw numbers."""
        self.digest.update(np.ascontiguousarray(raw))
        self.n_pixels += raw.size
        if raw.dtype.kind == "f":
            self.n_infinite += int((np.isinf(raw) & ~reference.encoding.missing(raw)).sum())
        values = reference.encoding.decode(raw)
        there = values[~np.isnan(values)].astype(np.float64)
        if there.size == 0:
            return
        self.n_valid += there.size
        self.least = min(self.least, float(there.min()))
        self.greatest = max(self.greatest, float(there.max()))
        self.total += float(there.sum())
        if reference.minimum is not None:
            self.n_low += int((there < reference.minimum).sum())

    @property
    def is_flat(self) -> bool:
        """Whether all valid values, more than one, are the same."""
        return self.n_valid > 1 and self.least == self.greatest

    def figures(self) -> dict[str, float]:
        """Return share of valid pixels, least, greatest and mean value; NaN where none is valid."""
        if self.n_valid == 0:
            return {"valid_pct": 0.0, "min": math.nan, "max": math.nan, "mean": math.nan}
        return {
            "valid_pct": self.n_valid / self.n_pixels,
            "min": self.least,
            "max": self.greatest,
            "mean": self.total / self.n_valid,
        }


def read_reference_once(
    verdict: Verdict, path: Path, image: RasterInfo | None, reference: Reference
) -> ReferenceReading:
    """Read a reference raster to its end in strips, compare it with its image, and measure its values.

    Args:
        verdict: takes what is found.
        path: the raster.
        image: the header of its image, None where that cannot be read.
        reference: what its numbers mean.

    Raises:
        FileReadError: it cannot be read.
        BandError: it has another number of bands.

    Edges: excluded are rasters of another size, CRS or place than their image, or on a grid of their own that does not
        meet it, and those without a valid value. Infinite, too low and constant values are reported.
    """
    tally = ValueTally()
    with open_raster(path) as dataset:
        info = describe(dataset)
        if info.count != reference.layers:
            raise BandError(f"expected {reference.layers} bands; got {info.count}")
        prove_whole(dataset)
        row_bytes = info.count * info.width * np.dtype(info.dtype).itemsize
        block_rows = dataset.block_shapes[0][0]
        step = max(1, STRIP_BYTES // row_bytes // block_rows) * block_rows
        for row in range(0, info.height, step):
            window = Window(row, 0, min(step, info.height - row), info.width)
            tally.add(read_open(dataset, None, window), reference)
    covered = math.nan if image is None else _lay(verdict, image, info, reference)
    _report(verdict, path, tally, reference)
    proves = tally.n_valid and not tally.is_flat
    content = f"{info.height} {info.width} {info.dtype} {tally.digest.hexdigest()}"
    figures = tally.figures() | ({"covered_pct": covered} if reference.grid == "own" else {})
    return ReferenceReading(info, figures, content if proves else "")


def figure_names(reference: Reference) -> list[str]:
    """Return the columns of a raster's figures."""
    return [
        reference.figure_column(name)
        for name in FIGURES
        if name != "covered_pct" or reference.grid == "own"
    ]


def _lay(verdict: Verdict, image: RasterInfo, info: RasterInfo, reference: Reference) -> float:
    """Compare grids; return the share of the image that is covered."""
    if reference.grid == "image":
        compare_grids(verdict, image, info, role=reference.name)
        return 1.0
    try:
        grid = grid_map(image, info)
    except GridError as error:
        verdict.exclude(info.path, f"{reference.name} cannot be laid on its image", error.message)
        return math.nan
    covered = covered_share(image, grid, (info.height, info.width))
    if covered < _NOTHING:
        verdict.exclude(info.path, f"{reference.name} does not meet its image", "")
    elif covered < 1 - _NOTHING:
        what = f"{reference.name} covers a part of its image"
        verdict.note(info.path, "", what, f"{100 * covered:.3g} %")
    return covered


def _report(verdict: Verdict, path: Path, tally: ValueTally, reference: Reference) -> None:
    """Turn the counts into findings."""
    name, unit = reference.name, f" {reference.unit}".rstrip()
    if tally.n_infinite:
        figure = share_text(tally.n_infinite, tally.n_pixels)
        verdict.note(path, "", f"{name} is infinite and counts as missing", figure)
    if tally.n_valid == 0:
        verdict.exclude(path, f"{name} has no valid pixel", share_text(0, tally.n_pixels))
    elif tally.n_low:
        share = share_text(tally.n_low, tally.n_pixels)
        figure = f"{share} below {reference.minimum:g}{unit}, the least {tally.least:.6g}"
        verdict.note(path, "", f"{name} is lower than can be", figure)
    if tally.is_flat:
        figure = f"{tally.least:.6g}{unit} in {share_text(tally.n_valid, tally.n_pixels)}"
        verdict.note(path, "", f"{name} is constant", figure)
