"""What a recipe says about SpaceNet, and the bands of its products."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from landseer.adapters.folder_config import BandSpec
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference

Product = Literal[
    "3band", "8band", "RGB-PanSharpen", "MUL-PanSharpen", "MUL", "PAN", "Pan-Sharpen", "MS"
]

_RGB = ("red", "green", "blue")
_EIGHT = ("coastal", "blue", "green", "yellow", "red", "rededge1", "nir", "nir2")
_BANDS: dict[str, tuple[str, ...]] = {
    "3band": _RGB,
    "8band": _EIGHT,
    "RGB-PanSharpen": _RGB,
    "MUL-PanSharpen": _EIGHT,
    "MUL": _EIGHT,
    "PAN": ("pan",),
    "Pan-Sharpen": ("blue", "green", "red", "nir"),
    "MS": _EIGHT,
}


class SpacenetConfig(BaseModel):
    """Where the buildings of SpaceNet 1, 2 or 4 lie."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    site: ClassVar[str] = "its place, under all angles"

    adapter: Literal["spacenet"]
    """Name of the adapter."""
    root: Path
    """Folder below which the archives were unpacked, one or several. Images lie in folders called like the product,
    labels below folders called geojson; what lies in a folder with `test` in its name is the test side."""
    product: Product
    """Which images: 3band or 8band (SpaceNet 1), RGB-PanSharpen, MUL-PanSharpen, MUL or PAN (2), Pan-Sharpen, MS or PAN
    (4)."""
    bands: tuple[BandSpec, ...] | None = None
    """Bands of the product; null takes those that SpaceNet states."""
    all_touched: bool = False
    """Whether every pixel that an outline touches is building, instead of those whose middle lies in it."""


def bands(config: SpacenetConfig) -> tuple[Band, ...]:
    """Return the bands of the product. In all but the 8-bit `3band`, the raw value 0 marks what was not seen."""
    nodata = None if config.product == "3band" else 0.0
    stated = tuple(BandSpec(name=name, nodata=nodata) for name in _BANDS[config.product])
    return tuple(spec.band(place) for place, spec in enumerate(config.bands or stated, 1))


def classes(config: SpacenetConfig) -> ClassTable:
    """Return background and building."""
    return ClassTable(("background", "building"), (0, 1), ("#e8e4da", "#c0392b"))


def references(config: SpacenetConfig) -> tuple[Reference, ...]:
    """Return nothing: the data set has class labels only."""
    return ()
