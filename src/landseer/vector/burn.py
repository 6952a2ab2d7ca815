"""Burn polygons onto a raster's grid, strip by strip, into a label file that appears whole or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.windows import Window as Area

from landseer.core.classes import IGNORE
from landseer.core.files import atomic_path
from landseer.errors import WriteError
from landseer.raster.opening import quiet, reason
from landseer.raster.read import RasterInfo
from landseer.vector.labels import Objects
from landseer.vector.placing import Geometries, grow, pixel_size_m
from landseer.vector.rules import LabelRules

TILE_PX = 512
STRIP_BYTES = 32 * 2**20
"""How much is burnt at once, in bytes of pixels."""


def burn_strips(
    grid: RasterInfo,
    objects: Objects,
    rules: LabelRules,
    areas: Geometries | None = None,
    *,
    strip_rows: int | None = None,
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Burn objects onto a grid in strips of rows from top to bottom.

    Args:
        grid: header of the raster.
        objects: polygons in its pixels with their label values.
        rules: order of classes, touched pixels, border and ignored ring.
        areas: polygons in pixels outside of which everything is ignored; None ignores nothing.
        strip_rows: height of a strip; None takes about `STRIP_BYTES`. It changes nothing but memory.

    Returns:
        Pairs of first row and (rows, width) uint8 label values. Objects lie over the background, classes over those
        before them, borders over all objects, the ignored ring over borders.

    Raises:
        GridError: something is measured in metres and the grid does not lie on the Earth.
    """
    shapes, values = _layers(grid, objects, rules)
    tree = shapely.STRtree(shapes)
    inside = None if areas is None else shapely.STRtree(areas)
    step = strip_rows or _strip_rows(grid.width)
    for row in range(0, grid.height, step):
        shape = min(step, grid.height - row), grid.width
        near = _near(tree, row, shape)
        strip = _burn(shapes[near], values[near], row, shape, rules.background, rules.all_touched)
        if inside is not None and areas is not None:
            within = areas[_near(inside, row, shape)]
            ones = np.ones(len(within), np.uint8)
            strip[_burn(within, ones, row, shape, 0, False) == 0] = IGNORE
        yield row, strip


def burn_label(
    path: Path,
    grid: RasterInfo,
    objects: Objects,
    rules: LabelRules,
    areas: Geometries | None = None,
) -> None:
    """Write the label of a scene: a tiled GeoTIFF of the grid's size, transform and CRS, 255 as nodata.

    Args:
        path: where, ending `.tif`.
        grid, objects, rules, areas: as of `burn_strips`.

    Raises:
        WriteError: the file cannot be written.
        GridError: as of `burn_strips`.
    """
    profile = {
        "driver": "GTiff", "count": 1, "dtype": "uint8", "height": grid.height, "width": grid.width,
        "crs": grid.crs, "nodata": IGNORE, "compress": "deflate", "tiled": True, "blockxsize": TILE_PX,
        "blockysize": TILE_PX, "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    if grid.transform is not None:
        profile["transform"] = Affine(*grid.transform)
    with atomic_path(path) as temporary:
        try:
            _write(temporary, profile, burn_strips(grid, objects, rules, areas))
        except RasterioError as error:
            raise WriteError(
                f"could not write the label: {reason(error)}",
                where=path,
                do="free disk space or choose a folder you may write to",
            ) from error


def _write(
    path: Path, profile: dict[str, object], strips: Iterator[tuple[int, NDArray[np.uint8]]]
) -> None:
    """Write strips, and read them again: on a full disk GDAL leaves a broken file and says nothing."""
    sums: dict[int, tuple[int, int]] = {}
    with quiet(), rasterio.open(path, "w", **profile) as dataset:
        for row, strip in strips:
            rows, width = strip.shape
            dataset.write(strip, 1, window=Area(0, row, width, rows))
            sums[row] = rows, zlib.crc32(strip.tobytes())
    with quiet(), rasterio.open(path) as dataset:
        for row, (rows, expected) in sums.items():
            strip = dataset.read(1, window=Area(0, row, dataset.width, rows))
            if zlib.crc32(strip.tobytes()) != expected:
                raise WriteError("could not write the label: its pixels did not arrive", where=path)


def _strip_rows(width: int) -> int:
    """Return the height of strips: whole rows of tiles, about `STRIP_BYTES`."""
    return max(1, STRIP_BYTES // (width * TILE_PX)) * TILE_PX


def _layers(
    grid: RasterInfo, objects: Objects, rules: LabelRules
) -> tuple[Geometries, NDArray[np.uint8]]:
    """Put everything that is burnt into its order: objects by class, then borders, then ignored rings."""
    places = rules.places()
    order = np.argsort([places[int(value)] for value in objects.values], kind="stable")
    polygons, values = objects.polygons[order], objects.values[order]
    layers = [(polygons, values)]
    if rules.border is not None:
        size = (1.0, 1.0) if rules.border_px is not None else pixel_size_m(grid)
        inner = grow(polygons, -float(rules.border_px or rules.border_m or 0), size)
        layers.append(_ring(shapely.difference(polygons, inner), rules.border))
    if rules.ignore_ring_m > 0:
        outlines = shapely.boundary(polygons)
        layers.append(_ring(grow(outlines, rules.ignore_ring_m, pixel_size_m(grid)), IGNORE))
    shapes = np.concatenate([one for one, _ in layers])
    return shapes, np.concatenate([one for _, one in layers])


def _ring(shapes: Geometries, value: int) -> tuple[Geometries, NDArray[np.uint8]]:
    """Return shapes with one value."""
    return shapes, np.full(len(shapes), value, np.uint8)


def _near(tree: shapely.STRtree, row: int, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return the shapes that may meet a strip, in their order."""
    strip = shapely.box(-1, row - 1, shape[1] + 1, row + shape[0] + 1)
    return np.sort(tree.query(strip))


def _burn(
    shapes: Geometries,
    values: NDArray[np.uint8],
    row: int,
    shape: tuple[int, int],
    fill: int,
    all_touched: bool,
) -> NDArray[np.uint8]:
    """Burn shapes in pixels, later ones over earlier ones, onto a strip that begins at a row."""
    there = ~shapely.is_empty(shapes)
    if not there.any():
        return np.full(shape, fill, np.uint8)
    pairs = zip(shapes[there], map(int, values[there]), strict=True)
    with quiet():
        strip: NDArray[np.uint8] = rasterize(
            pairs,
            shape,
            fill,
            transform=Affine.translation(0, row),
            all_touched=all_touched,
            dtype="uint8",
        )
    return strip
