"""What a recipe says about scenes of any size that lie in folders: patterns, bands, classes, labels, windows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.adapters.folder_config import BandSpec, LabelValue, OneGroup, class_table
from landseer.adapters.pattern import wildcards
from landseer.adapters.scene_config import Metres, SceneClass, VectorLabelsConfig, WindowsConfig
from landseer.adapters.value_config import Pattern
from landseer.core.bands import Band
from landseer.core.classes import UNKNOWN, ClassTable
from landseer.vector.label_files import is_vector
from landseer.vector.rules import LabelRules


class ScenesConfig(BaseModel):
    """Scenes of any size, with labels as rasters or vectors; windows are read from the files as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    adapter: Literal["scenes"]
    """Name of the adapter."""
    root: Path
    """Folder from which all patterns start."""
    images: Pattern
    """Pattern of the scenes' files, such as images/*.tif; what its wildcards stand for, joined by _, names the scene.
    `*` and `?` stay within a name, `**` stands for any folders. Files that are labels are left out."""
    more_images: tuple[Pattern, ...] = ()
    """Patterns of further files of the same scenes, with the same wildcards: their bands follow those of `images`, and
    may be of another resolution. The finest file gives the grid."""
    mosaic: OneGroup | None = None
    """Regular expression with one group, searched in the file's path below the root: files with the same text are one
    scene of that name, side by side on one grid. None: each file is a scene."""
    labels: Pattern | None = None
    """Pattern of the labels, rasters or vectors (.geojson, .json, .gpkg, .parquet, .shp, .fgb): with the wildcards of
    `images`, or with {scene} or {site}, or without any: one file for all scenes. None when there are none."""
    areas: Pattern | None = None
    """Pattern of vector files of areas of interest, as `labels`: windows that do not meet them are left out, and vector
    labels are ignored outside them."""
    test_images: Pattern | None = None
    """Pattern of the test scenes."""
    test_more_images: tuple[Pattern, ...] = ()
    """As `more_images`, with the wildcards of `test_images`."""
    test_labels: Pattern | None = None
    """As `labels`, with the wildcards of `test_images`."""
    test_areas: Pattern | None = None
    """As `areas`, with the wildcards of `test_images`."""
    test_prefix: str = ""
    """Put before the names of test scenes, for sets that number both sides alike."""
    bands: Annotated[tuple[BandSpec, ...], Field(min_length=1)]
    """Bands of the scenes."""
    classes: Annotated[tuple[SceneClass, ...], Field(max_length=UNKNOWN)] = ()
    """Classes of the labels, the background first if there is one; objects of later ones lie over earlier ones."""
    ignore: tuple[LabelValue, ...] = ()
    """Values of label rasters that neither train nor count."""
    objects: VectorLabelsConfig = VectorLabelsConfig()
    """How vector labels are burnt."""
    align: bool = False
    """Whether label rasters on another grid or in another CRS are read by the nearest pixel; else such scenes are
    excluded."""
    windows: WindowsConfig = WindowsConfig()
    """How scenes are cut."""
    site: OneGroup | None = "(.+)"
    """Regular expression with one group, searched in the first file's path below the root: the site; the whole path
    makes each scene a site of its own."""
    site_table: Path | None = None
    """CSV with the columns sample (the scene) and site, instead of `site`; a relative path starts from the root."""
    date: OneGroup | None = None
    """Regular expression with one group, searched in the first file's path below the root: the date."""
    date_table: Path | None = None
    """CSV with the columns sample (the scene) and date, instead of `date`; a relative path starts from the root."""
    gsd_m: Metres | None = None
    """Ground sample distance of scenes that are not georeferenced, m."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check the keys against each other; pydantic adds the key's path."""
        faults = [*_repeats(self), *_label_faults(self), *_pattern_faults(self)]
        if self.date is not None and self.date_table is not None:
            faults.append("date: expected a regular expression or a table; got both")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def band_table(self) -> tuple[Band, ...]:
        """Return the bands."""
        return tuple(spec.band(place) for place, spec in enumerate(self.bands, 1))

    def class_table(self) -> ClassTable:
        """Return the classes."""
        return class_table(self.classes, self.ignore)

    def rules(self) -> LabelRules | None:
        """Return how vector labels are burnt; None when no label is one."""
        has_vectors = any(is_vector(Path(one)) for one in (self.labels, self.test_labels) if one)
        return self.objects.rules(self.classes) if has_vectors else None


def _repeats(config: ScenesConfig) -> list[str]:
    """Find names and values given twice."""
    lists: dict[str, list[object]] = {
        "bands: the name": [spec.name for spec in config.bands],
        "bands: the index": [band.index for band in config.band_table()],
        "classes: the name": [spec.name for spec in config.classes],
        "classes and ignore: the value": [*(spec.value for spec in config.classes), *config.ignore],
    }
    return [
        f"{what} {item!r} is given twice"
        for what, items in lists.items()
        for item in dict.fromkeys(items)
        if items.count(item) > 1
    ]


def _label_faults(config: ScenesConfig) -> list[str]:
    """Check that labels have classes that fit them."""
    labels = [one for one in (config.labels, config.test_labels) if one is not None]
    if labels and not config.classes:
        return ["classes: expected the classes of the labels; got none"]
    forms = {type(value) for value in (*(spec.value for spec in config.classes), *config.ignore)}
    faults = (
        ["classes and ignore: expected all integers or all colours; got both"]
        if len(forms) > 1
        else []
    )
    if any(is_vector(Path(one)) for one in labels):
        faults += config.objects.faults(config.classes)
    areas = [one for one in (config.areas, config.test_areas) if one is not None]
    return faults + [
        f"areas: expected vector files; got {one!r}" for one in areas if not is_vector(Path(one))
    ]


def _pattern_faults(config: ScenesConfig) -> list[str]:
    """Check that wildcards name scenes and fit each other."""
    faults = []
    for prefix in ("", "test_"):
        images: str | None = getattr(config, f"{prefix}images")
        named = wildcards(images or "")
        if images is not None and not named and config.mosaic is None:
            faults.append(
                f"{prefix}images: expected a pattern with a * that names the scene; got {images!r}"
            )
        more: tuple[str, ...] = getattr(config, f"{prefix}more_images")
        if more and config.mosaic is not None:
            faults.append(f"{prefix}more_images: expected none where `mosaic` joins files")
        faults += [
            f"{prefix}more_images: expected the wildcards of {prefix}images in the same order "
            f"({' '.join(named) or 'none'}); got {pattern!r}"
            for pattern in more
            if wildcards(pattern) != named
        ]
        faults += [
            f"{prefix}{key}: expected the wildcards of {prefix}images in the same order "
            f"({' '.join(named) or 'none'}), {{scene}}, {{site}}, or one file; got {pattern!r}"
            for key in ("labels", "areas")
            if (pattern := getattr(config, f"{prefix}{key}")) is not None
            and wildcards(pattern)
            and (wildcards(pattern) != named or config.mosaic is not None)
        ]
    return faults
