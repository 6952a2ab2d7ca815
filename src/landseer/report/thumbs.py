"""Small pictures of samples for rows of the data page: true colour, the outline of one class, words below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.errors import BandError, FileReadError, LabelError
from landseer.raster.label import read_label
from landseer.report.composites import natural_bands, read_colours
from landseer.report.group_sheets import shrink
from landseer.report.look import Look
from landseer.report.overlay import casing, edges
from landseer.report.parts import Mark, Part, Strip, Tile, strips
from landseer.report.stretching import fit_stretch
from landseer.report.tiles import OUTLINE, fitted_numbers, index_uri, photo_uri, scale_bar, shrunk
from landseer.samples.schema import is_missing
from landseer.samples.table import usable
from landseer.track.pixels import hatch

THUMB_PX = 176
"""Longer side of a small picture, px."""

NO_DATA = Mark("hatch", "", "no data")

_LINE_PX = 352
_PROBED = 24
_LEAST_SHARE = 0.7
_NOTHING = 254


@dataclass(frozen=True, slots=True)
class Thumbs:
    """Makes small pictures of the samples of one data set.

    Attributes:
        look: what is known of the data.
        chosen, title: the bands that are shown, and what they are called.
        least_span: smallest range of a picture's stretch, so that open water does not become coloured noise.
    """

    look: Look
    chosen: tuple[Band, ...]
    title: str
    least_span: float

    def __call__(
        self,
        sample: str,
        caption: str,
        *,
        classes: Sequence[int] | None = None,
        bar: bool = False,
    ) -> Tile:
        """Make a small picture of a sample.

        Args:
            sample: its name.
            caption: words below it.
            classes: numbers of the classes that are outlined together; None outlines none.
            bar: whether it carries the scale bar, where the ground distance is known.

        Edges: an image that cannot be read is hatched, and the caption says so: samples that were left out for it are
            shown too. A label that cannot be read has no outline.
        """
        row = self.look.row(sample)
        image = _readable(Path(row["image"]), self.chosen)
        if image is None:
            blank = photo_uri(hatch((THUMB_PX, THUMB_PX)), THUMB_PX)
            return Tile(blank, f"{sample}, cannot be read", f"{caption}: cannot be read")
        over = "" if classes is None else outline_uri(_label(self.look, row), classes)
        return Tile(
            photo_uri(fit_stretch([image], least_span=self.least_span)(image), THUMB_PX),
            f"{sample}, {self.title}",
            caption,
            over,
            scale_bar(int(row["width"]), row["gsd_m"]) if bar else None,
        )


def thumbs_of(look: Look) -> Thumbs:
    """Prepare small pictures: measure the range that images of the data usually have, on up to 24 of them."""
    chosen, title = natural_bands(look.bands)
    used = usable(look.samples, None)
    images = [
        _readable(Path(used["image"].iloc[place]), chosen)
        for place in np.unique(np.linspace(0, max(len(used) - 1, 0), _PROBED).astype(int))
        if len(used)
    ]
    typical = fit_stretch([image for image in images if image is not None])
    return Thumbs(look, chosen, title, _LEAST_SHARE * typical.span)


def _readable(path: Path, chosen: Sequence[Band]) -> NDArray[np.float32] | None:
    """Read bands of an image, large ones averaged in blocks; None where it cannot be read."""
    try:
        image = read_colours(path, chosen)
    except (FileReadError, BandError):
        return None
    factor = max(1, max(image.shape) // _LINE_PX)
    return np.stack([shrink(layer, factor) for layer in image])


def captioned(
    title: str, shown: Sequence[Strip], caption: str, marks: Sequence[Mark], n_columns: int
) -> Part:
    """Make a sheet of rows of pictures, each with its own caption; arguments as of `parts.strips`."""
    return strips(title, shown, caption, marks, n_columns) | {"captioned": True}


def outline_uri(numbers: NDArray[np.uint8] | None, classes: Sequence[int]) -> str:
    """Return the outline of some classes with its casing as PNG with holes, "" where there is none.

    It is drawn finer than the picture that it lies on.
    """
    if numbers is None:
        return ""
    wanted = np.isin(numbers, classes)
    fine = fitted_numbers(shrunk(wanted, _LINE_PX).astype(np.uint8), _LINE_PX).astype(bool)
    edge, beside = edges(np.where(fine, 0, _NOTHING).astype(np.uint8))
    if not edge.any():
        return ""
    drawn = np.where(edge, 0, np.where(beside, 1, 255)).astype(np.uint8)
    return index_uri(drawn, (OUTLINE, casing((OUTLINE,))), _LINE_PX, clear=True)


def outline_mark(name: str) -> Mark:
    """Return the legend of an outline."""
    return Mark("line", OUTLINE, f"outline of {name}; point at a picture to lift it")


def _label(look: Look, row: object) -> NDArray[np.uint8] | None:
    """Read a sample's label; None where there is none, or it cannot be read."""
    path = row["label"]  # type: ignore[index]
    if is_missing(path):
        return None
    try:
        return read_label(Path(path), look.classes)
    except (FileReadError, LabelError):
        return None
