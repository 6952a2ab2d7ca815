"""What a recipe says about LandCover.ai, and what never changes in it: its bands, classes and lists."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference

WINDOW_PX = 512
"""Side of the windows that the official lists number."""

LISTS = ("train", "val", "test")
"""The official lists, `<name>.txt`, and what the table's column `list` holds."""


class LandcoverConfig(BaseModel):
    """Where LandCover.ai lies."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    site: ClassVar[str] = "its orthophoto"

    adapter: Literal["landcover"]
    """Name of the adapter."""
    root: Path
    """Folder of the unpacked archive: images/*.tif, masks/*.tif, train.txt, val.txt and test.txt; where split.py was
    run, also output/."""
    chips: Literal["auto", "always", "never"] = "auto"
    """Whether windows are the JPEGs that split.py wrote into output/, which have lost detail and place: `never` reads
    windows of the orthophotos instead, `auto` does so too and takes the JPEGs only where there are no orthophotos."""


def bands(config: LandcoverConfig) -> tuple[Band, ...]:
    """Return red, green and blue in the order of the files."""
    codes = {"red": ("R",), "green": ("G",), "blue": ("B",)}
    return tuple(Band(name, index, codes[name]) for index, name in enumerate(codes, 1))


def classes(config: LandcoverConfig) -> ClassTable:
    """Return the five classes.

    Source: LandCover.ai v1; colours of TorchGeo, but for background, which is transparent there and cannot be told from
        nodata in a legend.
    """
    return ClassTable(
        ("background", "building", "woodland", "water", "road"),
        (0, 1, 2, 3, 4),
        ("#f2e3b3", "#614a4a", "#267300", "#00c5ff", "#cfcfcf"),
    )


def references(config: LandcoverConfig) -> tuple[Reference, ...]:
    """Return nothing: the data set has class labels only."""
    return ()
