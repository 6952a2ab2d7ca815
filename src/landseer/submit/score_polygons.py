"""Polygons as predictions and as truth: matched with each other, or laid on the grid of a map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import geopandas
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import rasterize

from landseer.errors import GridError, LabelError
from landseer.metrics.map_counts import MapRules
from landseer.metrics.objects import ObjectCounts, match_objects, polygon_overlaps
from landseer.raster.read import RasterInfo
from landseer.submit.pairs import Pair
from landseer.vector.burn import burn_strips
from landseer.vector.label_files import read_vectors
from landseer.vector.labels import read_objects
from landseer.vector.placing import is_on_earth, without_place
from landseer.vector.rules import LabelRules

CONFIDENCE = "confidence"
"""Attribute that says how sure predicted polygons are."""


def count_polygons(pairs: Iterable[Pair], rules: MapRules) -> ObjectCounts:
    """Match predicted with true polygons, file by file.

    Args:
        pairs: (name, prediction, truth), files as of `read_vectors`.
        rules: smallest IoU of a match, and smallest area: in square metres; in square units of files without a CRS.

    Returns:
        (files, 1, 3) counts, as of `match_objects`; where predictions have an attribute `confidence`, the surest
        choose first.

    Raises:
        FileReadError: a file cannot be read.
        GridError: one file of a pair has a CRS and the other has none.
        LabelError: their CRSs differ, and one has no place on the Earth; or one is in degrees and lies outside of it.

    Edges: a feature is an object, whatever the number of its parts; invalid ones are repaired, those without an area
        left out. Files in degrees or Web Mercator are compared in the UTM zone of the truth, else of the prediction.
    """
    return np.array([[_match(*pair[1:], rules)] for pair in pairs], np.int64).reshape(-1, 1, 3)


def burn_truth(
    path: Path, grid: RasterInfo, rules: LabelRules, strip_rows: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    """Lay true polygons on the grid of a map, in strips of rows from top to bottom.

    Args:
        path: file of polygons, in any CRS.
        grid: header of the map.
        rules: how objects become a label.
        strip_rows: height of a strip.

    Returns:
        Pairs of (rows, w) label values and the number of the object on each pixel, counted from 1; 0 for none.
        Touching objects keep their own numbers, and so do the parts of one that has several.

    Raises:
        FileReadError: the file cannot be read.
        GridError: the map does not lie on the Earth.
        LabelError: the file does not say its CRS, has one without a place on the Earth, or lacks the attribute.
    """
    objects = read_objects([path], grid, rules)
    places = rules.places()
    order = np.argsort([places[int(value)] for value in objects.values], kind="stable")
    polygons = objects.polygons[order]
    tree = shapely.STRtree(polygons)
    for row, values in burn_strips(grid, objects, rules, strip_rows=strip_rows):
        near = np.sort(tree.query(shapely.box(-1, row - 1, grid.width + 1, row + len(values) + 1)))
        numbers = np.zeros(values.shape, np.int32)
        if len(near):
            rasterize(
                zip(polygons[near], (near + 1).tolist(), strict=True),
                out=numbers,
                transform=Affine.translation(0, row),
                all_touched=rules.all_touched,
            )
        yield values, numbers


def _match(prediction: Path, truth: Path, rules: MapRules) -> ObjectCounts:
    """Match the polygons of one pair."""
    (true, _), (predicted, sure) = _read(truth), _read(prediction)
    if len(predicted) and len(true) and (predicted.crs is None) != (true.crs is None):
        raise GridError("expected polygons with a CRS on both sides or on none", where=prediction)
    sides = (truth, true), (prediction, predicted)
    known = [side for side in sides if len(side[1]) and side[1].crs is not None]
    _check_places(known)
    crs = _plane(*known[0]) if known else None
    return match_objects(
        polygon_overlaps(*(_placed(*side, crs) for side in sides)),
        min_iou=rules.min_iou,
        min_area=rules.min_area_px,
        confidence=None if sure is None else sure.tolist(),
    )


def _read(path: Path) -> tuple[geopandas.GeoSeries, NDArray[np.float64] | None]:
    """Read the polygons of a file, and how sure they are if it says so."""
    try:
        file = read_vectors(path, CONFIDENCE)
    except LabelError:
        file = read_vectors(path)
    shapes = _valid(file.geometries)
    kept = shapely.area(shapes) > 0
    sure = None
    if file.attribute is not None and len(file.attribute):
        sure = _numbers(file.attribute, path)[kept]
    return geopandas.GeoSeries(shapes[kept], crs=file.crs), sure


def _numbers(values: NDArray[np.object_], path: Path) -> NDArray[np.float64]:
    """Return how sure a file is of its polygons, least where it does not say."""
    try:
        known = np.array([-np.inf if one is None else float(one) for one in values], np.float64)
    except (TypeError, ValueError) as error:
        raise LabelError(
            f"expected numbers in the attribute {CONFIDENCE}; {error}",
            where=path,
            do=f"write numbers from 0 to 1, or leave {CONFIDENCE} out",
        ) from error
    return np.where(np.isnan(known), -np.inf, known)


def _valid(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons without height, repaired where they are invalid."""
    flat = shapely.force_2d(shapes)
    wrong = ~(shapely.is_valid(flat) | shapely.is_missing(flat))
    flat[wrong] = shapely.make_valid(flat[wrong], method="structure", keep_collapsed=False)
    return np.asarray(flat, object)


def _check_places(sides: Sequence[tuple[Path, geopandas.GeoSeries]]) -> None:
    """Refuse files in two CRSs of which one has no place on the Earth; what such CRSs are called tells them apart."""
    if not sides:
        return
    crss = [shapes.crs for _, shapes in sides]
    if len(crss) < 2 or (crss[0].name == crss[1].name and _is_same(*crss)):
        return
    for path, shapes in sides:
        if not is_on_earth(shapes.crs):
            raise without_place(shapes.crs, path)


def _is_same(crs: CRS, other: CRS) -> bool:
    """Tell whether two CRSs are one, whatever the order of their axes."""
    return bool(crs.equals(other, ignore_axis_order=True))


def _plane(path: Path, shapes: geopandas.GeoSeries) -> CRS:
    """Choose a CRS in which areas are areas: the file's own, a zone of UTM, or near the poles one around them."""
    if not shapes.crs.is_geographic and shapes.crs.to_epsg() != 3857:
        return shapes.crs
    left, bottom, right, top = shapes.to_crs("EPSG:4326").total_bounds.tolist()
    if not (-180 <= left <= right <= 180 and -90 <= bottom <= top <= 90):
        raise _beyond(path, shapes)
    try:
        return shapes.estimate_utm_crs()
    except RuntimeError:  # no zone reaches there
        lon, lat = (left + right) / 2, (bottom + top) / 2
        return CRS.from_proj4(f"+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")


def _placed(path: Path, shapes: geopandas.GeoSeries, crs: CRS | None) -> NDArray[np.object_]:
    """Return polygons in a CRS, repaired where that made them invalid."""
    if not len(shapes) or crs is None or shapes.crs is None or _is_same(shapes.crs, crs):
        return _valid(shapes.to_numpy())
    placed = shapes.to_crs(crs).to_numpy()
    if not np.isfinite(shapely.get_coordinates(placed)).all():
        raise _beyond(path, shapes)
    return _valid(placed)


def _beyond(path: Path, shapes: geopandas.GeoSeries) -> LabelError:
    """Return the error of polygons whose coordinates their CRS does not have."""
    left, bottom, right, top = shapes.total_bounds.tolist()
    return LabelError(
        f"expected polygons that lie on the Earth; got x {left:.7g}..{right:.7g}, y {bottom:.7g}..{top:.7g} in "
        f"{shapes.crs.name!r}",
        where=path,
        do="correct the CRS of the file",
    )
