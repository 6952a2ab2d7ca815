"""Scenes: rasters of any size, whose windows are samples without being cut out of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd

from landseer.adapters.scene_config import WindowsConfig
from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.samples.findings import Finding
from landseer.vector.rules import LabelRules

Naming = Callable[[str, int, Window], str]
"""(scene, number of the window, window) -> name of the sample. Windows are numbered from 0, row by row, all that the
grid of windows has: with `cut: full` the partial ones at the right and the bottom are counted as well."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One place at one time: its image files, its labels and what is known of it.

    Attributes:
        name: unique among scenes; a file name without suffix, for it names files.
        images: absolute paths: one file; or several, see `joined`.
        labels: absolute paths: one raster, or any number of vector files (by suffix: .geojson, .json, .gpkg, .parquet,
            .geoparquet, .shp, .fgb); none where there is no label.
        side: train or test.
        site: the group that it belongs to; None takes its name.
        date: when it was taken.
        areas: absolute paths of vector files: windows that do not meet their polygons are left out, and vector labels
            are ignored outside them.
        joined: what several images are: `bands` of one image in this order, of any resolution; or a `mosaic` of files
            on one grid.
        whole: whether the scene is one sample, whatever the windows.
        gsd_m: ground sample distance where the files do not tell, m.
        excluded: why it is left out, or None.
        columns: further columns of its rows: texts or numbers.
    """

    name: str
    images: tuple[Path, ...]
    labels: tuple[Path, ...] = ()
    side: Literal["train", "test"] = "train"
    site: str | None = None
    date: str | None = None
    areas: tuple[Path, ...] = ()
    joined: Literal["bands", "mosaic"] = "bands"
    whole: bool = False
    gsd_m: float | None = None
    excluded: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def scan_scenes(
    scenes: Sequence[Scene],
    windows: WindowsConfig,
    work: Path,
    *,
    rules: LabelRules | None = None,
    bands: Sequence[Band] = (),
    name: Naming | None = None,
    align: bool = False,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table of scenes: one row for each window.

    Args:
        scenes: of one data set.
        windows: how they are cut.
        work: folder for what windows need beside the files: `stacks/SCENE.vrt` where a scene is not simply one file on
            the grid asked for, `labels/SCENE.tif` for burnt vector labels. What is there and still holds is kept, what
            belongs to no scene any more is removed.
        rules: how vector labels are burnt; None burns all objects as class 1 over 0.
        bands: of the data set: files that lack one are reported and excluded, and their nodata values count as
            missing where windows without data are left out.
        name: names the samples; None takes `SCENE_rROW_cCOL` with zeros in front, so that names sort as windows lie.
        align: whether raster labels on another grid or in another CRS are read on the scene's grid, by the nearest
            pixel; else such scenes are excluded.

    Returns:
        The sample table, with the columns `scene` (the raster that a window lies in; at further scales the scene's name
        with `_xSCALE`) and those of the scenes; and what was found. `image` and `label` are addresses of windows.
        A scene that cannot be used is one excluded row of its name.

    Raises:
        DataError: two scenes have one name, or a name is no file name.
        WriteError: the folder cannot be written.
    """
    raise NotImplementedError
