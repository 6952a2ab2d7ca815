"""References: what a data set knows of its samples besides class labels, as rasters or as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from landseer.core.encoding import Encoding

PREFIX = "ref_"

FIGURES = ("valid_pct", "covered_pct", "min", "max", "mean")
"""What the audit measures in a raster; each stands in a column `ref_<name>_<figure>`."""

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
        layers: bands of a raster, one per class or quantity; 1 for a plain raster.
        minimum: least physical value that can be true, such as 0 for heights above ground; None where there is none.
    """

    name: str
    kind: ReferenceKind = "raster"
    unit: str = ""
    encoding: Encoding = field(default_factory=Encoding)
    grid: Literal["image", "own"] = "image"
    layers: int = 1
    minimum: float | None = None

    @property
    def column(self) -> str:
        """The sample table's column: absolute paths of rasters, or numbers."""
        return PREFIX + self.name

    def figure_column(self, figure: str) -> str:
        """The sample table's column of one of `FIGURES`."""
        return f"{self.column}_{figure}"


def clashes(names: Iterable[str]) -> list[tuple[str, str]]:
    """List pairs of names of which the second's column would be a figure of the first: `agl` and `agl_min`."""
    there = list(names)
    figures = {(one, f"{one}_{figure}") for one in there for figure in FIGURES}
    return sorted(pair for pair in figures if pair[1] in there)
