"""The files of a buildings data set besides its catalogues: mosaics, outlines in degrees, the table, chips."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.features import rasterize
from rasterio.transform import Affine

from landseer.core.files import write_text
from landseer.raster.write import write_raster
from landseer.synth.buildings_plan import SceneSpec
from landseer.synth.buildings_stac import Bounds
from landseer.synth.geopose_files import write_table

_DIGITS = 8
CRS_MEMBER = {"type": "name", "properties": {"name": "epsg4326"}}
"""The crs member of the labels: not a name that any standard knows, though WGS 84 is meant."""


def in_utm(spec: SceneSpec, outline: shapely.Geometry) -> shapely.Geometry:
    """Return an outline (east, north from the middle) in the scene's UTM zone."""
    rows, cols = spec.size
    east, north = spec.west_m + cols * spec.gsd_m / 2, spec.north_m - rows * spec.gsd_m / 2
    return shapely.transform(outline, lambda points: np.add(points, (east, north)))


def in_degrees(spec: SceneSpec, outline: shapely.Geometry) -> shapely.Geometry:
    """Return an outline in UTM in longitude and latitude, rounded to about a millimetre."""
    turn = Transformer.from_crs(spec.crs, "EPSG:4326", always_xy=True)

    def degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(np.stack(turn.transform(points[:, 0], points[:, 1]), 1), _DIGITS)

    return shapely.transform(outline, degrees)


def bounds_of(
    spec: SceneSpec, row: int = 0, col: int = 0, size: tuple[int, int] | None = None
) -> Bounds:
    """Return the box of a scene, or of a window of it, in degrees."""
    rows, cols = spec.size if size is None else size
    west, north = spec.west_m + col * spec.gsd_m, spec.north_m - row * spec.gsd_m
    box = shapely.box(west, north - rows * spec.gsd_m, west + cols * spec.gsd_m, north)
    low_x, low_y, high_x, high_y = (float(v) for v in shapely.bounds(in_degrees(spec, box)))
    return low_x, low_y, high_x, high_y


def write_outlines(
    path: Path,
    spec: SceneSpec,
    outlines: Sequence[shapely.Geometry],
    properties: Sequence[dict[str, Any]] | None = None,
) -> None:
    """Write outlines as GeoJSON in degrees.

    Args:
        path: where.
        spec: the scene.
        outlines: (east, north) from its middle.
        properties: of each; None says `building: yes` and adds the contest's malformed crs member.
    """
    features = []
    for number, outline in enumerate(outlines):
        shape = in_degrees(spec, in_utm(spec, outline))
        own = {"building": "yes"} if properties is None else properties[number]
        geometry = shapely.geometry.mapping(shape)
        features.append({"type": "Feature", "properties": own, "geometry": geometry})
    content: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if properties is None:
        content["crs"] = CRS_MEMBER
    write_text(path, json.dumps(content) + "\n")


def write_mosaic(
    path: Path, image: NDArray[np.uint8], spec: SceneSpec, row: int = 0, col: int = 0
) -> None:
    """Write a mosaic of red, green, blue and alpha, or a window of one whose corner is at (row, col)."""
    place = spec.transform(row, col)
    write_raster(path, image, crs=spec.crs, transform=place, cloud_optimised=True)


def burnt(spec: SceneSpec, outlines: Sequence[shapely.Geometry]) -> NDArray[np.int32]:
    """Return the number, from 1, of the last outline in which a pixel's centre lies, (h, w); 0 where there is none."""
    shapes = [(in_utm(spec, outline), number) for number, outline in enumerate(outlines, 1)]
    if not shapes:
        return np.zeros(spec.size, np.int32)
    grid = Affine(*spec.transform())
    return np.asarray(rasterize(shapes, out_shape=spec.size, transform=grid, dtype="int32"))


def write_metadata(root: Path, specs: Sequence[SceneSpec]) -> None:
    """Write `train_metadata.csv`."""
    rows = []
    for spec in specs:
        base = f"{spec.part}/{spec.area}/{spec.name}"
        rows.append(
            [
                f"{base}/{spec.name}.tif",
                f"{base}-labels/{spec.name}.geojson",
                spec.part[-1],
                spec.area,
            ]
        )
    write_table(root / "train_metadata.csv", ["img_uri", "label_uri", "tier", "area"], rows)
