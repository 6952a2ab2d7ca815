"""What a recipe says about Open Cities, and what never changes in it: its bands and classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from landseer.adapters.scene_config import WindowsConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.vector.rules import Kind, LabelRules


class OpencitiesConfig(BaseModel):
    """Where the drone mosaics of Open Cities lie, and how they are cut and labelled."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    site: ClassVar[str] = "its city"
    date: ClassVar[str] = "that of its item"

    adapter: Literal["opencities"]
    """Name of the adapter."""
    root: Path
    """Folder with train_tier_1/, train_tier_2/ and test/, as unpacked; train_metadata.csv in it is read too."""
    tiers: Annotated[tuple[Literal[1, 2], ...], Field(min_length=1)] = (1,)
    """Which training scenes: tier 1 has the better labels, in tier 2 buildings are missing or shifted."""
    windows: WindowsConfig = WindowsConfig(window_px=1024)
    """How training scenes are cut. Test chips are samples as they are."""
    all_touched: bool = False
    """Whether every pixel that an outline touches is building, instead of those whose centre lies in it."""
    ignore_ring_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Pixels this near to an outline, on either side, neither train nor count, m: outlines are drawn by hand."""

    def rules(self) -> LabelRules:
        """Return how outlines are burnt: their CRS is known, whatever the files say of it."""
        return LabelRules(
            kinds=(Kind(1),),
            crs="EPSG:4326",
            all_touched=self.all_touched,
            ignore_ring_m=self.ignore_ring_m,
        )


def bands(config: OpencitiesConfig) -> tuple[Band, ...]:
    """Return red, green and blue; the fourth band of the files is their mask, and is read as such."""
    codes = {"red": ("R",), "green": ("G",), "blue": ("B",)}
    return tuple(Band(name, index, codes[name]) for index, name in enumerate(codes, 1))


def classes(config: OpencitiesConfig) -> ClassTable:
    """Return background and building."""
    return ClassTable(("background", "building"), (0, 1), ("#e8e4da", "#c0392b"))


def references(config: OpencitiesConfig) -> tuple[Reference, ...]:
    """Return nothing: the data set has class labels only."""
    return ()
