"""One pass over an image: what its bands hold and its quality figures, counted strip by strip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.audit.integrity import BandTally, check_bands, report_pixels, valid_pixels
from landseer.audit.saturation import saturated
from landseer.audit.sharpness import Sharpness
from landseer.audit.striping import Stripes, find_stripes
from landseer.audit.verdict import Verdict
from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.raster.opening import open_raster
from landseer.raster.read import RasterInfo, describe, mask_open, prove_whole, read_open
from landseer.spectral.compute import variables_from
from landseer.spectral.formula import Formula

STRIP_BYTES = 16 * 2**20
"""Pixels of an image that one thread holds at once, in bytes; larger images are counted in strips."""

Mask = NDArray[np.bool_]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What is counted in each image.

    Attributes:
        bands: bands of the images.
        corrupted, water, saturated: formulas, or None where the recipe has none.
    """

    bands: tuple[Band, ...]
    corrupted: Formula | None = None
    water: Formula | None = None
    saturated: Formula | None = None

    @property
    def reflectances(self) -> list[int]:
        """Positions of the bands that measure light."""
        return [number for number, band in enumerate(self.bands) if band.kind == "reflectance"]


@dataclass(slots=True)
class ImageReading:
    """Sums over the strips of one image; `add` each of them, then ask."""

    plan: ImagePlan
    tallies: list[BandTally] = field(init=False)
    pixels: Counter[str] = field(default_factory=Counter)
    sharpness: Sharpness = field(init=False)
    stripes: list[tuple[int, Stripes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tallies = [BandTally() for _ in self.plan.bands]
        self.sharpness = Sharpness(len(self.plan.reflectances))

    def add(self, raw: NDArray[np.generic], there: Mask | None = None) -> None:
        """Count a strip (b, h, w) of the plan's bands, as it stands in the file.

        Args:
            raw: the strip.
            there: (h, w), where the file's own mask has data; None: everywhere.

        Raises:
            FormulaError: a formula needs a name that no band has.
        """
        valid = valid_pixels(raw, self.plan.bands)
        if there is not None:
            valid &= there
        for tally, values, usable in zip(self.tallies, raw, valid, strict=True):
            tally.add(values, usable)
        self._count(raw, valid, np.ones(raw.shape[1:], bool) if there is None else there)

    def _count(self, raw: NDArray[np.generic], valid: Mask, there: Mask) -> None:
        """Count masks, and measure what needs neighbours."""
        plan, shape = self.plan, raw.shape[1:]
        variables = variables_from(raw, plan.bands)
        bad = _where(plan.corrupted, variables, shape)
        light = plan.reflectances
        # Infinite pixels are reported, but only nodata and NaN count as missing.
        missing = ~there
        for number in light:
            if not valid[number].all():
                missing |= np.isnan(variables[plan.bands[number].name])
        self.pixels["all"] += missing.size
        masks = {"valid": ~(missing | bad), "nodata": missing, "qa_corrupted": bad}
        masks["saturated"] = self._saturated(raw, valid, variables)
        if plan.water is not None:
            masks["water"] = _where(plan.water, variables, shape)
        for band in plan.bands:
            if band.kind == "elevation":
                masks[f"{band.name}_nan"] = np.isnan(variables[band.name])
                masks[f"{band.name}_zero"] = variables[band.name] == 0
        for name, mask in masks.items():
            counts = mask if name == "nodata" else mask & there
            self.pixels[name] += int(np.count_nonzero(counts))
        if light:
            self.sharpness.add(raw[light], valid[light] & ~bad if bad.any() else valid[light])
            found = find_stripes(raw[light], valid[light])
            if found is not None:
                self.stripes.append((raw.shape[1], found))

    def _saturated(
        self, raw: NDArray[np.generic], valid: Mask, variables: Mapping[str, NDArray[Any]]
    ) -> Mask:
        """Tell which pixels are saturated in any band that measures light."""
        if self.plan.saturated is not None:
            return _where(self.plan.saturated, variables, raw.shape[1:])
        found = np.zeros(raw.shape[1:], bool)
        for number in self.plan.reflectances:
            found |= saturated(raw[number], valid[number])
        return found

    def striping(self) -> Stripes | None:
        """Return the strongest stripes; their strength is the mean over the strips, weighted by their rows."""
        if not self.stripes:
            return None
        rows = sum(height for height, _ in self.stripes)
        mean = sum(height * one.strength for height, one in self.stripes) / rows
        strongest = max((one for _, one in self.stripes), key=lambda one: one.strength)
        return Stripes(mean, strongest.band, strongest.along, strongest.tilt_deg)

    def figures(self) -> Figures:
        """Return the image's quality figures by the names of their columns."""
        pixels, plan = self.pixels, self.plan
        total = max(pixels["all"], 1)
        figures: Figures = {
            "valid_pct": pixels["valid"] / total,
            "nodata_pct": pixels["nodata"] / total,
        }
        names = ["qa_corrupted"] if plan.corrupted else []
        names += [f"{band.name}_{what}" for band in plan.bands for what in _HEIGHTS[band.kind]]
        names += ["water"] if plan.water else []
        names += ["saturated"] if plan.saturated or plan.reflectances else []
        for name in names:
            figures[f"{name}_pixels"] = float(pixels[name])
            figures[f"{name}_pixels_pct"] = pixels[name] / total
        if plan.reflectances:
            stripes = self.striping()
            figures["striping"] = float("nan") if stripes is None else stripes.strength
            figures["sharpness"] = self.sharpness.value()
        return figures


def read_image_once(
    verdict: Verdict, path: Path, plan: ImagePlan
) -> tuple[RasterInfo, ImageReading | None]:
    """Read an image to its end in strips, count its pixels, and report what its bands hold.

    Args:
        verdict: takes what is found.
        path: the image.
        plan: what to count.

    Returns:
        The header and the counts; no counts where the image has none of the bands.

    Raises:
        DataError: the image cannot be read.
        FormulaError: a formula needs a name that no band has.

    Edges: of an image that lacks bands, those that are there are read, without formulas.
    """
    with open_raster(path) as dataset:
        info = describe(dataset)
        there = check_bands(verdict, info, plan.bands)
        if len(there) < len(plan.bands):
            plan = ImagePlan(there)
        prove_whole(dataset)
        reading, indexes = ImageReading(plan), [band.index for band in there] or None
        row_bytes = (len(there) or info.count) * info.width * np.dtype(info.dtype).itemsize
        block_rows = dataset.block_shapes[0][0]
        step = max(1, STRIP_BYTES // row_bytes // block_rows) * block_rows
        for row in range(0, info.height, step):
            window = Window(row, 0, min(step, info.height - row), info.width)
            raw = read_open(dataset, indexes, window)
            if there:
                reading.add(raw, mask_open(dataset, indexes, window))
    report_pixels(verdict, info, there, reading.tallies)
    return info, reading if there else None


_HEIGHTS: dict[str, tuple[str, ...]] = {
    "elevation": ("nan", "zero"), "reflectance": (), "quality": (), "other": (),
}  # fmt: skip


def _where(
    formula: Formula | None, variables: Mapping[str, NDArray[Any]], shape: tuple[int, ...]
) -> Mask:
    """Evaluate a condition; numbers count as true unless they are 0 or NaN."""
    if formula is None:
        return np.zeros(shape, bool)
    return np.nan_to_num(np.asarray(formula(variables))).astype(bool)
