"""Decoded samples by position, kept in memory as far as they fit."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.references import Reference
from landseer.errors import BandError, GridError, LabelError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands, read_info
from landseer.raster.reference import GridMap, grid_map, read_reference

_NEAR = 1e-6
_FULL = 65535

MASK = "mask"
"""The name of the class label among a sample's references."""

SOFT = "mask.soft"
"""Among a batch's targets the pseudo-labels of the class mask; no reference's name has a dot."""


@dataclass(frozen=True, slots=True)
class SoftLabel:
    """A pseudo-label: probabilities of classes that a model gave.

    Attributes:
        path: uint16 probability * 65535, one band per class but class 0, as out-of-fold predictions are.
        is_hard: take the likeliest class as the sample's class label.
        least: pixels whose highest probability is lower are not known.
        temperature: probabilities are taken to the power of 1 / temperature; below 1 they become surer.
    """

    path: Path
    is_hard: bool = False
    least: float = 0.0
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Item:
    """One sample as the feed sees it.

    Attributes:
        sample: its name.
        image: its image.
        label: its class label, or None.
        references: by name, paths of rasters and numbers; what is not known is left out.
        gsd_m: ground sample distance, NaN when not known.
        site: the site it belongs to, empty when the data set names none.
        soft: its pseudo-label, or None.
        is_empty: all its pixels are of class 0, whatever `label` says.
    """

    sample: str
    image: Path
    label: Path | None
    references: Mapping[str, Path | float] = field(default_factory=dict)
    gsd_m: float = math.nan
    site: str = ""
    soft: SoftLabel | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One decoded sample.

    Attributes:
        image: (b, h, w) raw values in the file's dtype, bands in the order asked for.
        label: (h, w) uint8 class numbers, 255 where ignored; None where the sample has no label.
        values: by name, (h, w) float32 physical values on their own grid, NaN where unknown or beyond the image.
        grids: by name of the values on a grid of their own, where its pixels lie in the image's.
        numbers: by name, one number an image.
        soft: (classes, h, w) float32 pseudo-label, NaN where not known; None where the sample has none.
    """

    image: NDArray[Any]
    label: NDArray[np.uint8] | None
    values: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    grids: Mapping[str, GridMap] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    soft: NDArray[np.float32] | None = None

    @property
    def nbytes(self) -> int:
        """Memory of its arrays."""
        arrays = [self.image, self.label, self.soft, *self.values.values()]
        return sum(array.nbytes for array in arrays if array is not None)


class Source:
    """Read samples by position; decoded samples stay in memory until `cache_gb` is full.

    Args:
        items: the samples.
        bands: bands to read, in this order; none reads labels and references alone.
        classes: the class table of the labels.
        cache_gb: memory for decoded samples; 0 reads every time.
        references: what to read besides labels.

    Edges: safe to use from several threads; what does not fit is read again each time.
    """

    def __init__(
        self,
        items: Sequence[Item],
        bands: Sequence[Band],
        classes: ClassTable,
        cache_gb: float = 2.0,
        references: Sequence[Reference] = (),
    ) -> None:
        self.items, self.references = tuple(items), tuple(references)
        self.has_labels = len(classes) > 0
        self._indexes = [band.index for band in bands]
        self._classes = classes
        self._cache = self._room = int(cache_gb * 2**30)
        self._kept: dict[int, Tile] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.items)

    def plus(self, items: Sequence[Item]) -> Source:
        """Return a source with further samples after these, with as much memory of its own."""
        more = copy.copy(self)
        more.items = (*self.items, *items)
        more._room, more._kept, more._lock = self._cache, {}, threading.Lock()
        return more

    def read(self, position: int) -> Tile:
        """Return the sample at this position.

        Raises:
            FileReadError, BandError, LabelError, GridError: the file is not what the sample table says.
        """
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        tile = self._decode(self.items[position])
        size = tile.nbytes
        with self._lock:
            if size <= self._room and position not in self._kept:
                self._room -= size
                self._kept[position] = tile
        return tile

    def _decode(self, item: Item) -> Tile:
        """Read one sample's files."""
        image = self._image(item)
        values, grids = self._rasters(item, image.shape[1:])
        numbers = {
            one.name: _number(item.references.get(one.name))
            for one in self.references
            if one.kind != "raster"
        }
        label, soft = self._labels(item, image.shape[1:])
        return Tile(image, label, values, grids, numbers, soft)

    def _image(self, item: Item) -> NDArray[Any]:
        """Read a sample's image; of no bands only its size."""
        if not self._indexes:
            info = read_info(item.image)
            return np.zeros((0, info.height, info.width), np.float32)
        image = read_bands(item.image, self._indexes)
        if image.shape[0] != len(self._indexes):
            raise BandError(
                f"expected {len(self._indexes)} bands, got {image.shape[0]}", where=item.image
            )
        return image

    def _labels(
        self, item: Item, shape: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8] | None, NDArray[np.float32] | None]:
        """Return a sample's class label, and its pseudo-label where that is soft."""
        if item.is_empty and self.has_labels:
            return np.zeros(shape, np.uint8), None
        if item.soft is None or not self.has_labels:
            return self._label(item, shape), None
        soft = read_soft(item.soft)
        if soft.shape[1:] != shape:
            raise LabelError(
                f"expected a pseudo-label of {shape} pixels, got {soft.shape[1:]}",
                where=item.soft.path,
            )
        return (harden(soft), None) if item.soft.is_hard else (self._label(item, shape), soft)

    def _label(self, item: Item, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
        """Read a sample's class label."""
        if item.label is None or not self.has_labels:
            return None
        label = read_label(item.label, self._classes)
        if label.shape != shape:
            raise LabelError(
                f"expected a label of {shape} pixels, got {label.shape}", where=item.label
            )
        return label

    def _rasters(
        self, item: Item, shape: tuple[int, ...]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, GridMap]]:
        """Read a sample's references that are rasters."""
        values: dict[str, NDArray[np.float32]] = {}
        grids: dict[str, GridMap] = {}
        for one in self.references:
            path = item.references.get(one.name)
            if one.kind != "raster" or not isinstance(path, Path):
                continue
            values[one.name] = read_reference(path, one)
            if one.grid == "own":
                grid = grid_map(read_info(item.image), read_info(path))
                grids[one.name] = grid
                values[one.name][..., beyond(grid, values[one.name].shape[-2:], shape)] = np.nan
            elif values[one.name].shape[-2:] != shape:
                raise GridError(
                    f"expected {one.name} of {shape} pixels, got {values[one.name].shape}",
                    where=path,
                    do="give the reference `grid: own` where its pixels are not those of the image",
                )
        return values, grids


def read_soft(label: SoftLabel) -> NDArray[np.float32]:
    """Read a pseudo-label.

    Returns:
        (classes, h, w) float32 that adds up to 1, NaN where it is not sure enough; class 0 is what the others leave.

    Edges: where the others make more than 1, as classes that are judged alone may, they are divided by their sum.
    """
    others = read_bands(label.path).astype(np.float32) / np.float32(_FULL)
    total = others.sum(0, keepdims=True)
    soft = np.concatenate([1 - np.minimum(total, 1), others / np.maximum(total, 1)])
    if label.temperature != 1.0:
        soft **= np.float32(1 / label.temperature)
        soft /= soft.sum(0, keepdims=True)
    return np.where(soft.max(0) < label.least, np.float32(np.nan), soft).astype(np.float32)


def harden(soft: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the likeliest class of each pixel, `IGNORE` where a pseudo-label is not known; ties go to the lower."""
    known = ~np.isnan(soft[0])
    return np.where(known, np.nan_to_num(soft).argmax(0), IGNORE).astype(np.uint8)


def beyond(grid: GridMap, shape: tuple[int, ...], image: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which pixels of a reference have their centre outside the image.

    Args:
        grid: where the reference's pixels lie in the image's.
        shape: (h, w) of the reference.
        image: (h, w) of the image.
    """
    rows, cols = np.einsum("ij,jyx->iyx", grid, [*np.indices(shape, float), np.ones(shape)])
    is_in = [
        (places > -0.5 - _NEAR) & (places < length - 0.5 + _NEAR)
        for places, length in zip((rows, cols), image, strict=True)
    ]
    return ~(is_in[0] & is_in[1])


def _number(value: Path | float | None) -> float:
    """Return a number, NaN where there is none."""
    return float(value) if isinstance(value, int | float) else math.nan
