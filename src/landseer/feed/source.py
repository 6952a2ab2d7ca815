"""Decoded samples by position, kept in memory as far as they fit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.errors import BandError, LabelError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands


@dataclass(frozen=True, slots=True)
class Item:
    """One sample as the feed sees it: its name and its files."""

    sample: str
    image: Path
    label: Path | None


@dataclass(frozen=True, slots=True)
class Tile:
    """One decoded sample.

    Attributes:
        image: (b, h, w) raw values in the file's dtype, bands in the order asked for.
        label: (h, w) uint8 class numbers, 255 where ignored; None where the sample has no label.
    """

    image: NDArray[Any]
    label: NDArray[np.uint8] | None


class Source:
    """Read samples by position; decoded samples stay in memory until `cache_gb` is full.

    Args:
        items: the samples.
        bands: bands to read, in this order.
        classes: the class table of the labels.
        cache_gb: memory for decoded samples; 0 reads every time.

    Edges: safe to use from several threads; what does not fit is read again each time.
    """

    def __init__(
        self,
        items: Sequence[Item],
        bands: Sequence[Band],
        classes: ClassTable,
        cache_gb: float = 2.0,
    ) -> None:
        self.items = tuple(items)
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
            FileReadError, BandError, LabelError: the file is not what the sample table says.
        """
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        tile = self._decode(self.items[position])
        size = tile.image.nbytes + (0 if tile.label is None else tile.label.nbytes)
        with self._lock:
            if size <= self._room and position not in self._kept:
                self._room -= size
                self._kept[position] = tile
        return tile

    def _decode(self, item: Item) -> Tile:
        """Read one sample's files."""
        image = read_bands(item.image, self._indexes)
        if image.shape[0] != len(self._indexes):
            raise BandError(
                f"expected {len(self._indexes)} bands, got {image.shape[0]}", where=item.image
            )
        if item.label is None:
            return Tile(image, None)
        label = read_label(item.label, self._classes)
        if label.shape != image.shape[1:]:
            raise LabelError(
                f"expected a label of {image.shape[1:]} pixels, got {label.shape}", where=item.label
            )
        return Tile(image, label)
