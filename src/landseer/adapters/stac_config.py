"""What a recipe says about a static STAC catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.adapters.folder_config import BandSpec, LabelValue
from landseer.adapters.scene_config import SceneClass, VectorLabelsConfig, WindowsConfig
from landseer.core.classes import UNKNOWN


class StacConfig(BaseModel):
    """A static STAC catalogue on this disk: items of imagery, and labels beside them or in items of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    site: ClassVar[str] = "its collection"
    date: ClassVar[str] = "that of its item"

    adapter: Literal["stac"]
    """Name of the adapter."""
    root: Path
    """The catalog.json or collection.json, or the folder that holds it. Nothing is fetched: addresses on servers are
    looked for beside it."""
    assets: tuple[str, ...] = ()
    """Keys of the images, such as [visual] or [B04, B03, B02], whose bands follow each other; none take all assets with
    the role `data`."""
    labels: str = "labels"
    """Key of the label, in the item itself or in items that link to it as their source (the label extension)."""
    bands: tuple[BandSpec, ...] | None = None
    """Bands of the images in the order of `assets`; null takes names, nodata, scale and offset from the first item."""
    classes: Annotated[tuple[SceneClass, ...], Field(max_length=UNKNOWN)] = ()
    """Classes of the labels, background first where there is one."""
    ignore: tuple[LabelValue, ...] = ()
    """Values of label rasters that neither train nor count."""
    objects: VectorLabelsConfig = VectorLabelsConfig()
    """How vector labels are burnt."""
    windows: WindowsConfig = WindowsConfig()
    """How scenes are cut."""
    align: bool = False
    """Whether label rasters on another grid are read on the image's grid; else their scenes are excluded."""
    test_collections: tuple[str, ...] = ()
    """Collections that are the test side, as are items whose property `ml-aoi:split` is test."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check that classes fit vector labels, where they are of integers."""
        faults = self.objects.faults(self.classes) if self.classes and not self.is_rgb else []
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_rgb(self) -> bool:
        """Whether labels are masks of colours, which are never burnt."""
        return any(isinstance(one.value, tuple) for one in self.classes)
