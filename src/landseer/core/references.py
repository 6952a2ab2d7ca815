"""References: what a data set knows of its samples besides class labels, as rasters or as numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from landseer.core.encoding import Encoding

PREFIX = "ref_"

ReferenceKind = Literal["raster", "number", "angle"]
"""A raster of values; one number an image; or one angle an image, in radians."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Something measured that a network can learn: a height per pixel, a scale per image.

    Attributes:
        name: its name in recipes, such as `agl`.
        kind: raster, number or angle.
        unit: of the physical values.
        encoding: how a raster's numbers become physical values; numbers in the sample table are physical already.
        grid: whether a raster has the pixels of its image, or pixels of its own (coarser, shifted, another CRS).
    """

    name: str
    kind: ReferenceKind = "raster"
    unit: str = ""
    encoding: Encoding = field(default_factory=Encoding)
    grid: Literal["image", "own"] = "image"

    @property
    def column(self) -> str:
        """The sample table's column: absolute paths of rasters, or numbers."""
        return PREFIX + self.name
