"""Scenes: rasters of any size, whose windows are samples without being cut out of their files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd

from landseer.adapters.scene_config import WindowsConfig
from landseer.adapters.scene_sheet import Scene, Settings, Sheet, make_sheet
from landseer.core.address import with_window
from landseer.core.bands import Band
from landseer.core.parallel import cpu_count, parallel_map
from landseer.core.window import Window
from landseer.errors import DataError, GridError
from landseer.raster.read import RasterInfo
from landseer.samples.findings import KEPT, Finding
from landseer.samples.footprint import footprint, ground_sample_distance_m
from landseer.samples.schema import shorten
from landseer.samples.table import make_samples
from landseer.vector.rules import LabelRules

__all__ = ["Naming", "Scene", "scan_scenes"]

_MANY_SCENES = 200
_MUCH_BYTES = 512 * 2**20

Naming = Callable[[str, int, Window], str]
"""(scene, number of the window, window) -> name of the sample. Windows are numbered from 0, row by row, all that the
grid of windows has: with `cut: full` the partial ones at the right and the bottom are counted as well."""


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
    _check_names(scenes)
    settings = Settings(windows, Path(work), rules or LabelRules(), tuple(bands), align)
    jobs = [(scene, scale, name) for scene in scenes for scale, name in _scales(scene, windows)]
    workers = cpu_count() if _is_much(scenes) else 0
    make = partial(_make, settings)
    sheets = list(parallel_map(make, jobs, label="scenes", workers=workers, processes=True))
    _remove_stale(settings.work, sheets)
    records, findings = [], []
    for sheet in sheets:
        rows, found = _rows(sheet, name)
        records += rows
        findings += [*sheet.findings, *found]
    return make_samples(records), findings + _undeclared_nodata(sheets, bands)


def _make(settings: Settings, job: tuple[Scene, float, str]) -> Sheet:
    """Make one sheet."""
    scene, scale, name = job
    return make_sheet(scene, scale, name, settings)


def _check_names(scenes: Sequence[Scene]) -> None:
    """Refuse names that are given twice or cannot name files."""
    counts = Counter(scene.name for scene in scenes)
    wrong = [
        name for name in counts if counts[name] > 1 or not name or "/" in name or name[0] == "."
    ]
    if wrong:
        raise DataError(
            f"expected scenes with names of their own that can be names of files; got {shorten(wrong)}",
            do="let the pattern's wildcards cover what tells the files apart",
        )


def _scales(scene: Scene, windows: WindowsConfig) -> list[tuple[float, str]]:
    """List the scales of a scene with the names of its sheets; test scenes and whole ones have the first only."""
    first, *further = windows.scales
    if scene.side == "test" or scene.whole or scene.excluded is not None:
        further = []
    return [(first, scene.name), *((scale, f"{scene.name}_x{scale:g}") for scale in further)]


def _is_much(scenes: Sequence[Scene]) -> bool:
    """Tell whether there is so much to do that starting processes pays."""
    if cpu_count() < 2 or len(scenes) < 2:
        return False
    size = sum(path.stat().st_size for scene in scenes for path in scene.images if path.is_file())
    return len(scenes) > _MANY_SCENES or size > _MUCH_BYTES


def _rows(sheet: Sheet, name: Naming | None) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Make the rows of a sheet: one for each window, or one for all of a sheet that is left out."""
    scene, image = sheet.scene, sheet.image
    shared: dict[str, Any] = {
        "side": scene.side, "site": scene.site or scene.name, "date": scene.date, "scene": sheet.name,
        "excluded": sheet.excluded, "gsd_m": math.nan if sheet.gsd_m is None else sheet.gsd_m, **scene.columns,
    }  # fmt: skip
    if image is None or sheet.excluded is not None:
        path = scene.images[0] if image is None else image.path
        size = (0, 0) if image is None else (image.height, image.width)
        row = {"sample": sheet.name, "image": str(path), "height": size[0], "width": size[1]}
        return [shared | row], []
    windows = [window for _, window in sheet.windows]
    places = [_place(image, window) for window in windows]
    findings = [
        Finding(
            sheet.name,
            str(image.path),
            "",
            "image has no place on the Earth",
            place,
            f"{KEPT} without footprint",
        )
        for place in places[:1]
        if isinstance(place, str)
    ]
    return [
        shared
        | ({} if isinstance(place, str) else place)
        | {
            "sample": _name(sheet, number, window, name),
            "image": str(image.path if scene.whole else with_window(image.path, window)),
            "label": _label(sheet, window),
            "height": window.height,
            "width": window.width,
            "crs": image.crs,
        }
        for (number, window), place in zip(sheet.windows, places, strict=True)
    ], findings


def _name(sheet: Sheet, number: int, window: Window, name: Naming | None) -> str:
    """Name a sample."""
    if name is not None:
        return name(sheet.name, number, window)
    if sheet.scene.whole or sheet.image is None:
        return sheet.name
    rows, cols = (len(str(length)) for length in (sheet.image.height, sheet.image.width))
    return f"{sheet.name}_r{window.row:0{rows}d}_c{window.col:0{cols}d}"


def _label(sheet: Sheet, window: Window) -> str | None:
    """Return the address of a window of the label."""
    if sheet.label is None:
        return None
    return str(sheet.label if sheet.scene.whole else with_window(sheet.label, window))


def _place(image: RasterInfo, window: Window) -> dict[str, Any] | str:
    """Return transform and footprint of a window, and its pixels on the ground; why not, when there are none."""
    if image.transform is None:
        return {"transform": None}
    a, b, c, d, e, f = image.transform
    transform = [
        a, b, c + a * window.col + b * window.row, d, e, f + d * window.col + e * window.row,
    ]  # fmt: skip
    if image.crs is None:
        return {"transform": transform}
    try:
        return {
            "transform": transform,
            "geometry": footprint(image.crs, transform, window.height, window.width),
            "gsd_m": ground_sample_distance_m(image.crs, transform, window.height, window.width),
        }
    except GridError as error:
        return error.message


def _remove_stale(work: Path, sheets: Sequence[Sheet]) -> None:
    """Remove what was made for scenes that are no more or are read otherwise, or by runs that broke off."""
    paths = [sheet.label for sheet in sheets if sheet.label is not None]
    paths += [sheet.image.path for sheet in sheets if sheet.image is not None]
    used = {path.with_suffix(suffix) for path in paths for suffix in (path.suffix, ".json")}
    used |= {work / "stacks" / f"{sheet.name}_colours.vrt" for sheet in sheets}
    for path in (*work.glob("labels/*"), *work.glob("stacks/*")):
        if path not in used and path.suffix in (".tif", ".json", ".vrt"):
            path.unlink()


def _undeclared_nodata(sheets: Sequence[Sheet], bands: Sequence[Band]) -> list[Finding]:
    """Report, once per value, nodata values that files declare and no band has."""
    known = {band.nodata for band in bands}
    lone: dict[float, list[RasterInfo]] = {}
    for image in (sheet.image for sheet in sheets):
        if (
            bands
            and image is not None
            and image.nodata is not None
            and not math.isnan(image.nodata)
        ):
            lone.setdefault(image.nodata, []).append(image)
    return [
        Finding("", str(infos[0].path), "", "files declare a nodata value that no band of the recipe has",
                f"{value!r} in {len(infos)} files", f"{KEPT}: give it as `nodata` of the bands it marks")
        for value, infos in lone.items()
        if value not in known
    ]  # fmt: skip
