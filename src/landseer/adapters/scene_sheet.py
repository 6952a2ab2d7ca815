"""A sheet: a scene as it is read, one raster on one grid, with its label on the same pixels and its windows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from landseer.adapters.scene_config import WindowsConfig
from landseer.adapters.scene_labels import (
    ELSEWHERE,
    burn_kept,
    count_findings,
    fit_raster,
    polygons_of,
)
from landseer.adapters.scene_windows import Numbered, cut_windows, meeting, with_data
from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.errors import BandError, DataError, FileReadError, GridError, LabelError
from landseer.raster.read import RasterInfo, read_info
from landseer.raster.stack import has_palette, write_colours, write_stack
from landseer.samples.findings import EXCLUDED, Finding
from landseer.samples.footprint import ground_sample_distance_m
from landseer.vector.label_files import is_vector
from landseer.vector.rules import LabelRules


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
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all sheets of a data set have in common; as of `scene.scan_scenes`."""

    windows: WindowsConfig
    work: Path
    rules: LabelRules
    bands: tuple[Band, ...]
    align: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A scene at one scale.

    Attributes:
        scene: the scene.
        name: of the sheet: that of the scene, with the scale where there are several.
        scale: how many times finer than the grid that the recipe asks for.
        image: header of its raster, with the path; None where it cannot be read.
        gsd_m: ground sample distance, m; None where it is not known.
        label: path of its label.
        windows: those that are samples.
        findings: what was found.
        excluded: why it is left out, or None.
    """

    scene: Scene
    name: str
    scale: float
    image: RasterInfo | None = None
    gsd_m: float | None = None
    label: Path | None = None
    windows: tuple[Numbered, ...] = ()
    findings: tuple[Finding, ...] = ()
    excluded: str | None = None


def make_sheet(scene: Scene, scale: float, name: str, settings: Settings) -> Sheet:
    """Make the raster, the label and the windows of a scene at one scale, as far as files must be written for them.

    Args:
        scene: the scene.
        scale: how many times finer than the grid asked for.
        name: of the sheet.
        settings: those of the data set.

    Returns:
        The sheet; one that cannot be used is excluded, with a finding.

    Raises:
        WriteError: a file cannot be written.
    """
    image: RasterInfo | None = None
    try:
        own, image, gsd_m = _image(scene, scale, name, settings)
        if scene.excluded is not None:
            return Sheet(scene, name, scale, image, gsd_m, excluded=scene.excluded)
        label, found = _label(scene, name, own, image, settings)
        lost = next(
            (one for one in found if one.what == ELSEWHERE and one.action.startswith(EXCLUDED)),
            None,
        )
        if lost is not None:
            raise LabelError(f"{lost.what} ({lost.figure})", where=lost.file, do=_CRS)
        windows, left = _windows(scene, name, image, settings)
    except DataError as error:
        where = error.where or str(scene.images[0])
        what = f"{_ROLES.get(type(error), 'scene')} cannot be used"
        figure = f"{error.message}; {error.do}" if error.do else error.message
        finding = Finding(name, where, "", what, figure, EXCLUDED)
        return Sheet(
            scene, name, scale, image, findings=(finding,), excluded=f"{what}: {error.message}"
        )
    reason = None if windows else "no window is left"
    return Sheet(scene, name, scale, image, gsd_m, label, tuple(windows), (*found, *left), reason)


_CRS = "its CRS is probably wrong: give `crs` of the objects"
_ROLES: dict[type[DataError], str] = {
    FileReadError: "file", LabelError: "label", GridError: "grid of the scene", BandError: "bands of the scene",
}  # fmt: skip


def _image(
    scene: Scene, scale: float, name: str, settings: Settings
) -> tuple[RasterInfo, RasterInfo, float | None]:
    """Return a scene's header on its own grid, on the grid it is read on, and its ground sample distance there."""
    stacks = settings.work / "stacks"
    needed = max((band.index for band in settings.bands), default=1)
    files = scene.images
    if len(files) == 1 and needed > 1 and has_palette(files[0]):
        files = (write_colours(stacks / f"{name}_colours.vrt", files[0]),)
    path, flags = (
        stacks / f"{name}.vrt",
        [band.index for band in settings.bands if band.kind == "quality"],
    )
    if len(files) > 1:
        files = (write_stack(path, files, joined=scene.joined, flags=flags),)
    own = read_info(files[0])
    if own.count < needed:
        raise BandError(f"expected {needed} bands at least; got {own.count}", where=own.path)
    own_m = _gsd_m(own, scene)
    asked_m = settings.windows.gsd_m
    if asked_m is not None and own_m is None:
        raise GridError(
            f"expected an image whose ground sample distance is known, to read it at {asked_m} m; got none",
            where=own.path,
            do="georeference it, or give `gsd_m`",
        )
    factor = scale if asked_m is None or own_m is None else own_m / asked_m * scale
    size = max(1, round(own.height * factor)), max(1, round(own.width * factor))
    if size == (own.height, own.width):
        return own, own, own_m
    parts = scene.images if len(scene.images) > 1 else files
    write_stack(path, parts, joined=scene.joined, size=size, flags=flags)
    image = read_info(path)
    return own, image, _gsd_m(image, scene, own)


def _gsd_m(info: RasterInfo, scene: Scene, own: RasterInfo | None = None) -> float | None:
    """Return the ground sample distance that a raster tells, else what is known of the scene, scaled."""
    if info.crs is not None and info.transform is not None:
        with suppress(GridError):
            return ground_sample_distance_m(info.crs, info.transform, info.height, info.width)
    if scene.gsd_m is None or own is None:
        return scene.gsd_m
    return scene.gsd_m * (own.height / info.height)


def _label(
    scene: Scene, name: str, own: RasterInfo, image: RasterInfo, settings: Settings
) -> tuple[Path | None, list[Finding]]:
    """Return a scene's label on the pixels of its image, and what was found in vector files."""
    if not scene.labels:
        return None, []
    if all(map(is_vector, scene.labels)):
        path = settings.work / "labels" / f"{name}.tif"
        counts = burn_kept(path, scene.labels, image, settings.rules, scene.areas)
        return path, count_findings(name, scene.labels, counts, settings.rules)
    if len(scene.labels) > 1:
        raise LabelError(
            f"expected one raster label, or vector files; got {len(scene.labels)} files",
            where=scene.labels[0],
        )
    label = fit_raster(name, scene.labels[0], own, image, settings.work, align=settings.align)
    return label, []


def _windows(
    scene: Scene, name: str, image: RasterInfo, settings: Settings
) -> tuple[list[Numbered], list[Finding]]:
    """Return the windows of a scene that are samples, and how many were left out."""
    if scene.whole:
        return [(0, Window(0, 0, image.height, image.width))], []
    windows = cut_windows(image.height, image.width, settings.windows)
    if not windows:
        size = f"{image.height} x {image.width} px"
        return [], [
            Finding(name, str(image.path), "", "scene is smaller than a window", size, EXCLUDED)
        ]
    met = meeting(windows, polygons_of(scene.areas, image)) if scene.areas else windows
    kept = with_data(image, met, settings.bands, settings.windows)
    left = {
        "windows outside the areas of interest": (len(windows) - len(met), len(windows)),
        "windows without data": (len(met) - len(kept), len(met)),
    }
    return kept, [
        Finding(name, str(image.path), "", what, f"{count} of {total}", "not used")
        for what, (count, total) in left.items()
        if count
    ]
