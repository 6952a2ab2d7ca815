"""A bounded, seeded sample of pixels: their channels and classes, as many of a rare class as of a common one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.parallel import parallel_map
from landseer.core.references import Reference
from landseer.core.seeds import generator
from landseer.core.window import Window
from landseer.models.config import PreprocessConfig
from landseer.models.inputs import InputPlan, plan_inputs
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.report.config import ReportConfig
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import is_missing
from landseer.samples.table import usable
from landseer.spectral.compute import compute, variables_from
from landseer.splits import takes_part

_SIDE_PX = 1024


@dataclass(frozen=True, slots=True)
class PixelSample:
    """Pixels drawn from the images on which a model would train.

    Attributes:
        channels: names, bands first, as in `statistics.json`.
        values: (n, channel) float32, physical; NaN where a channel is missing.
        classes: (n,) uint8 class numbers; `IGNORE` where there is none.
        weight: (n,) float64, valid pixels of the images read that each stands for.
        n_images: images read.
        n_all_images: images there are.
        n_windows: rectangles read: several of a large image.
        window_pct: share of the images' pixels that the rectangles read held, 0..1.
    """

    channels: tuple[str, ...]
    values: NDArray[np.float32]
    classes: NDArray[np.uint8]
    weight: NDArray[np.float64]
    n_images: int
    n_all_images: int
    n_windows: int
    window_pct: float

    def __len__(self) -> int:
        return len(self.values)

    def column(self, channel: str) -> NDArray[np.float32]:
        """Return a channel's values, (n,)."""
        return self.values[:, self.channels.index(channel)]

    def plain(self, n: int, seed: int) -> NDArray[np.intp]:
        """Return positions of n pixels drawn by weight, so that each counts once; a heavy pixel may come twice.

        Source: systematic resampling, Kitagawa 1996, doi:10.1080/10618600.1996.10474692.
        """
        if not len(self):
            return np.zeros(0, np.intp)
        steps = np.cumsum(self.weight)
        first = generator(seed, "plain pixels").uniform()
        places = (np.arange(n) + first) * (steps[-1] / n)
        return np.minimum(np.searchsorted(steps, places, side="right"), len(self) - 1)

    def said(self) -> str:
        """Say how much was read."""
        images = f"{self.n_images:,} of {self.n_all_images:,} images"
        if self.n_images == self.n_all_images:
            images = f"all {self.n_images:,} images" if self.n_images > 1 else "the one image"
        windows = (
            f" ({self.n_windows:,} rectangles, {self.window_pct:.0%} of all pixels)"
            if self.n_windows > self.n_images
            else ""
        )
        return f"{len(self):,} pixels drawn from {images}{windows}"


def draw_pixels(
    samples: gpd.GeoDataFrame,
    bands: Sequence[Band],
    classes: ClassTable,
    inputs: PreprocessConfig,
    *,
    references: Sequence[Reference] = (),
    config: ReportConfig | None = None,
    seed: int = 0,
    workers: int | None = None,
) -> PixelSample:
    """Draw pixels from the images that statistics are counted on: labelled, used, of the training side, not put aside.

    Each image gives equally many pixels of each class it holds, and each pixel a weight: what the class has there by
    what was drawn of it. Figures that use the weights are those of all valid pixels of the images read.

    Args:
        samples: sample table.
        bands, classes: of the data.
        inputs: recipe key `inputs`: channels, and which pixels are valid.
        references: of the data: samples that have one count as labelled.
        config: how many pixels and images at most.
        seed: equal seeds and tables draw equal pixels.
        workers: threads; None takes one per processor.

    Raises:
        FileReadError, BandError, LabelError, FormulaError: a file or formula is not what it should be.

    Edges: of images of more than 1024 px a side, rectangles of that side are drawn; where no sample has a label, all
        usable training samples count.
    Source: own; stratified sampling with weights after Horvitz and Thompson 1952, doi:10.2307/2280784.
    """
    config = config or ReportConfig()
    plan = plan_inputs(inputs, bands)
    rows = _rows(samples, references)
    every = [
        (str(name), Path(image), None if is_missing(label) else Path(label), window)
        for name, image, label, height, width in zip(
            *(rows[c] for c in ("sample", "image", "label", "height", "width")), strict=True
        )
        for window in _windows(int(height), int(width))
    ]
    rng = generator(seed, "look", "images")
    picked = sorted(rng.permutation(len(every))[: config.pixel_images])
    jobs = [every[i] for i in picked]
    reader = _Reader(plan, classes, -(-config.pixels // max(1, len(jobs))), seed)
    drawn = list(parallel_map(reader, jobs, label="pixels", workers=workers))
    read_px, all_px = sum(map(_area, jobs)), sum(map(_area, every))
    return PixelSample(
        plan.channels,
        np.concatenate([np.zeros((0, len(plan.channels)), np.float32), *(d[0] for d in drawn)]),
        np.concatenate([np.zeros(0, np.uint8), *(d[1] for d in drawn)]),
        np.concatenate([np.zeros(0, np.float64), *(d[2] for d in drawn)]),
        len({job[0] for job in jobs}),
        len(rows),
        len(jobs),
        read_px / max(1, all_px),
    )


_Job = tuple[str, Path, Path | None, Window]
_Drawn = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float64]]


def _rows(samples: gpd.GeoDataFrame, references: Sequence[Reference]) -> gpd.GeoDataFrame:
    """Return the samples that statistics are counted on; all usable training samples where none has a label."""
    rows = usable(samples, "train")
    labelled = is_labelled(rows, references)
    if labelled.any() and {"fold", "holdout"} <= set(rows.columns):
        return rows[labelled & takes_part(rows)]
    return rows[labelled] if labelled.any() else rows


def _windows(height: int, width: int) -> Iterator[Window]:
    """Divide an image into rectangles of about equal size that are cheap to read."""
    n_rows, n_cols = (max(1, math.ceil(side / _SIDE_PX)) for side in (height, width))
    for i in range(n_rows):
        for j in range(n_cols):
            top, bottom = height * i // n_rows, height * (i + 1) // n_rows
            left, right = width * j // n_cols, width * (j + 1) // n_cols
            yield Window(top, left, bottom - top, right - left)


def _area(job: _Job) -> int:
    """Return a rectangle's pixels."""
    return job[3].height * job[3].width


@dataclass(frozen=True, slots=True)
class _Reader:
    """Draws the pixels of one rectangle."""

    plan: InputPlan
    classes: ClassTable
    wanted: int
    seed: int

    def __call__(self, job: _Job) -> _Drawn:
        """Read, choose, and compute the channels of what was chosen."""
        name, image, label, window = job
        rng = generator(self.seed, "look", name, window.row, window.col)
        raw = read_bands(image, [band.index for band in self.plan.bands], window)
        numbers = np.full(raw.shape[1:], IGNORE, np.uint8)
        if label is not None:
            numbers = read_label(label, self.classes, window)
            numbers[numbers >= len(self.classes)] = IGNORE
        valid = self._valid(raw)
        places, weight = _choose(np.where(valid, numbers.ravel(), 0), valid, self.wanted, rng)
        flat = raw.reshape(len(raw), -1)[:, places]
        return self._channels(flat), numbers.ravel()[places], weight

    def _valid(self, raw: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Return which pixels count, (h*w,)."""
        if self.plan.valid is None:
            return np.ones(raw[0].size, bool)
        return np.asarray(self.plan.valid(variables_from(raw, self.plan.bands)), bool).ravel()

    def _channels(self, flat: NDArray[np.generic]) -> NDArray[np.float32]:
        """Compute the channels of (band, n) raw pixels: (n, channel), NaN where there is no number."""
        variables = variables_from(flat[:, :, None], self.plan.bands)
        own = self.plan.bands[: self.plan.n_band_channels]
        layers = [np.asarray(variables[band.name], np.float32)[:, 0] for band in own]
        if self.plan.indices:
            indices = np.asarray(compute(self.plan.indices, variables), np.float32)[:, :, 0]
            if self.plan.keep is not None:
                dropped = ~np.asarray(self.plan.keep(variables), bool).ravel()
                masked = np.array([index.masked for index in self.plan.indices], bool)
                indices[masked[:, None] & dropped] = np.nan
            layers.extend(indices)
        values = np.stack(layers, axis=1)
        return np.where(np.isfinite(values), values, np.float32(np.nan))


def _choose(
    numbers: NDArray[np.uint8], valid: NDArray[np.bool_], wanted: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Choose about this many valid pixels, equally many of each class as far as there are; returns places, weights."""
    there = [np.flatnonzero(valid & (numbers == number)) for number in np.unique(numbers[valid])]
    places, weights, left = [], [], wanted
    for n, pixels in enumerate(sorted(there, key=len)):
        share = -(-left // (len(there) - n))
        taken = pixels if len(pixels) <= share else rng.choice(pixels, share, replace=False)
        places.append(np.sort(taken))
        weights.append(np.full(len(taken), len(pixels) / max(1, len(taken))))
        left = max(0, left - len(taken))
    return (
        np.concatenate([np.zeros(0, np.intp), *places]),
        np.concatenate([np.zeros(0, np.float64), *weights]),
    )
