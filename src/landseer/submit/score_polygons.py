"""Polygons as predictions and as truth: matched with each other, or laid on the grid of a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from landseer.core.window import Window
from landseer.errors import FileReadError, GridError
from landseer.metrics.map_counts import MapRules
from landseer.metrics.objects import ObjectCounts, match_objects, polygon_overlaps
from landseer.raster.read import RasterInfo
from landseer.submit.pairs import Pair

SUFFIXES = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".shp", ".fgb")
"""Endings of files of polygons."""

CONFIDENCE = "confidence"
"""Column that says how sure predicted polygons are."""


def is_vector(path: Path) -> bool:
    """Tell files of polygons from rasters by their name."""
    return Path(path).suffix.lower() in SUFFIXES


def read_polygons(path: Path) -> geopandas.GeoDataFrame:
    """Read the polygons of a file, one object a feature.

    Args:
        path: GeoJSON, GPKG, GeoParquet, Shapefile or FlatGeobuf.

    Returns:
        Valid polygons and multipolygons with their attributes; invalid ones are repaired. Features without area
        (empty, points, lines) are left out.

    Raises:
        FileReadError: the file cannot be read.
    """
    path = Path(path)
    try:
        is_parquet = path.suffix.lower() in (".parquet", ".geoparquet")
        table = geopandas.read_parquet(path) if is_parquet else geopandas.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise FileReadError(f"expected polygons; {error}", where=path) from error
    if not isinstance(table, geopandas.GeoDataFrame):
        return geopandas.GeoDataFrame({"geometry": []}, geometry="geometry")
    shapes = shapely.force_2d(table.geometry.to_numpy())
    wrong = ~(shapely.is_valid(shapes) | shapely.is_missing(shapes))
    shapes[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    return table.set_geometry(geopandas.GeoSeries(shapes, table.index, crs=table.crs))[
        shapely.area(shapes) > 0
    ]


def count_polygons(pairs: Iterable[Pair], rules: MapRules) -> ObjectCounts:
    """Match predicted with true polygons, file by file.

    Args:
        pairs: (name, prediction, truth).
        rules: smallest IoU of a match, and smallest area: in square metres; in square units of files without a CRS.

    Returns:
        (files, 1, 3) counts, as of `match_objects`; where predictions have a column `confidence`, the surest choose
        first.

    Raises:
        FileReadError: a file cannot be read.
        GridError: one file of a pair has a CRS and the other has none.

    Edges: files in degrees are compared in the UTM zone of the truth, else of the prediction.
    """
    return np.array([[_match(*pair[1:], rules)] for pair in pairs], np.int64).reshape(-1, 1, 3)


def _match(prediction: Path, truth: Path, rules: MapRules) -> ObjectCounts:
    """Match the polygons of one pair."""
    predicted, true = read_polygons(prediction), read_polygons(truth)
    if len(predicted) and len(true) and (predicted.crs is None) != (true.crs is None):
        raise GridError("expected polygons with a CRS on both sides or on none", where=prediction)
    crs = _plane(true if len(true) else predicted)
    sides = [_placed(side, crs) for side in (true, predicted)]
    sure = None
    if CONFIDENCE in predicted.columns:
        sure = np.nan_to_num(predicted[CONFIDENCE].to_numpy(np.float64), nan=-np.inf)
    return match_objects(
        polygon_overlaps(*sides),
        min_iou=rules.min_iou,
        min_area=rules.min_area_px,
        confidence=None if sure is None else sure.tolist(),
    )


def _plane(table: geopandas.GeoDataFrame) -> object:
    """Choose a CRS in which areas are areas; None where there is none."""
    if table.crs is None or not len(table):
        return None
    return table.estimate_utm_crs() if table.crs.is_geographic else table.crs


def _placed(table: geopandas.GeoDataFrame, crs: object) -> NDArray[np.object_]:
    """Return polygons in a CRS, repaired where that made them invalid."""
    placed = table if crs is None or table.crs is None else table.to_crs(crs)
    shapes = placed.geometry.to_numpy()
    return np.asarray(shapely.make_valid(shapes), object) if len(shapes) else shapes


@dataclass(frozen=True, slots=True)
class _Shapes:
    """Polygons in the pixels of a grid, and a tree to find them."""

    polygons: NDArray[np.object_]
    tree: shapely.STRtree


class PolygonGrid:
    """Lays the polygons of a file on the grid of a map, strip by strip.

    Args:
        path: file of polygons, in any CRS.
        info: header of the map.

    Raises:
        FileReadError: the file cannot be read.
        GridError: the polygons cannot be carried into the map's CRS.

    Edges: files without a CRS are taken to be in the map's; a map without a place takes coordinates as pixels, x right
        and y down.
    """

    def __init__(self, path: Path, info: RasterInfo) -> None:
        table = read_polygons(path)
        try:
            placed = _placed(table, info.crs)
        except ProjError as error:
            raise GridError(
                f"expected polygons that can be carried to the map; {error}", where=path
            ) from error
        world = Affine(*(info.transform or (1, 0, 0, 0, 1, 0)))
        inverse = ~world
        matrix = [inverse.a, inverse.b, inverse.d, inverse.e, inverse.c, inverse.f]
        pixels = [shapely.affinity.affine_transform(shape, matrix) for shape in placed]
        polygons = np.array(pixels, object)
        self._shapes = _Shapes(polygons, shapely.STRtree(polygons))

    def burn(self, window: Window) -> NDArray[np.int32]:
        """Return (h, w) the number of the polygon on each pixel, counted from 1 in the order of the file; 0 for none.

        Edges: a pixel belongs to a polygon that holds its centre, and to the later one of two.
        """
        rows, cols = window.slices
        area = shapely.box(cols.start, rows.start, cols.stop, rows.stop)
        found = np.sort(self._shapes.tree.query(area))
        if not len(found):
            return np.zeros((window.height, window.width), np.int32)
        return np.asarray(
            rasterio.features.rasterize(
                ((self._shapes.polygons[i], int(i) + 1) for i in found),
                out_shape=(window.height, window.width),
                transform=Affine.translation(window.col, window.row),
                dtype=np.int32,
            )
        )
