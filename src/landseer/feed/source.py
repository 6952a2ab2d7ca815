"""Decoded samples by position, kept in memory as far as they fit."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.errors import BandError, GridError, LabelError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands, read_info
from landseer.raster.reference import GridMap, grid_map, read_reference

_NEAR = 1e-6

MASK = "mask"
"""The name of the class label among a sample's references."""


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
    """

    sample: str
    image: Path
    label: Path | None
    references: Mapping[str, Path | float] = field(default_factory=dict)
    gsd_m: float = math.nan
    site: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One decoded sample.

    Attributes:
        image: (b, h, w) raw values in the file's dtype, bands in the order asked for.
        label: (h, w) uint8 class numbers, 255 where ignored; None where the sample has no label.
        values: by name, (h, w) float32 physical values on their own grid, NaN where unknown or beyond the image.
        grids: by name of the values on a grid of their own, where its pixels lie in the image's.
        numbers: by name, one number an image.
    """

    image: NDArray[Any]
    label: NDArray[np.uint8] | None
    values: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    grids: Mapping[str, GridMap] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Memory of its arrays."""
        arrays = [self.image, *self.values.values()]
        return sum(array.nbytes for array in arrays) + (
            0 if self.label is None else self.label.nbytes
        )


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
        self._room = int(cache_gb * 2**30)
        self._kept: dict[int, Tile] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.items)

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
        return Tile(image, self._label(item, image.shape[1:]), values, grids, numbers)

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
