"""Objects of vector files as polygons on a raster's grid, each with its label value; what was wrong is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from landseer.errors import LabelError
from landseer.raster.read import RasterInfo
from landseer.vector.label_files import VectorFile, read_vectors
from landseer.vector.placing import Geometries, box_in, grow, parse_crs, pixel_size_m, to_pixels
from landseer.vector.rules import LabelRules, text_of

_POINT, _POLYGON = 0, 3
_COLLECTIONS = (4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class ObjectCounts:
    """What was found in vector files for one scene.

    Attributes:
        read: objects in the files.
        empty: those without a geometry, or with an empty one.
        outside: those that do not meet the scene.
        unplaced: those whose coordinates have no place in the scene's CRS.
        repaired: those with rings that cross themselves, lie wrongly or do not close: made valid.
        lost: those of which nothing with an area was left.
        thin: lines and points that were left out, alone or among polygons.
        unknown: objects by the value of the attribute that means no class; "" where it is missing.
        extents: of files whose objects all lie elsewhere: path -> (left, bottom, right, top) in the file's CRS.
    """

    read: int = 0
    empty: int = 0
    outside: int = 0
    unplaced: int = 0
    repaired: int = 0
    lost: int = 0
    thin: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    extents: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def __add__(self, other: ObjectCounts) -> ObjectCounts:
        numbers = {
            name: getattr(self, name) + getattr(other, name)
            for name in ("read", "empty", "outside", "unplaced", "repaired", "lost", "thin")
        }
        unknown = dict(Counter(self.unknown) + Counter(other.unknown))
        return ObjectCounts(**numbers, unknown=unknown, extents={**self.extents, **other.extents})


@dataclass(frozen=True, slots=True)
class Objects:
    """Polygons on a grid.

    Attributes:
        polygons: (n,) valid polygons in pixels: x = column, y = row.
        values: (n,) label values.
        counts: what was found.
    """

    polygons: Geometries
    values: NDArray[np.uint8]
    counts: ObjectCounts


def read_objects(paths: Sequence[Path], grid: RasterInfo, rules: LabelRules) -> Objects:
    """Read the objects of vector files that meet a grid.

    Args:
        paths: files of any CRS; none give no objects.
        grid: header of the raster on whose pixels they come.
        rules: which attribute tells their class, and what becomes of lines and points.

    Returns:
        One polygon for each part of an object; objects of `LabelRules.unknown` None are left out.

    Raises:
        FileReadError: a file cannot be read.
        LabelError: a file has no CRS, one without a place on the Earth, or no such attribute.
        GridError: the grid does not lie on the Earth.

    Edges: geometry collections give their polygons; holes stay holes; heights are dropped; files without objects are
        labels without objects.
    """
    found = [
        place_objects(path, read_vectors(path, rules.attribute, rules.layer), grid, rules)
        for path in paths
    ]
    counts = sum((one.counts for one in found), ObjectCounts())
    if not found:
        return Objects(np.empty(0, object), np.empty(0, np.uint8), counts)
    polygons = np.concatenate([one.polygons for one in found])
    return Objects(polygons, np.concatenate([one.values for one in found]), counts)


def place_objects(path: Path, file: VectorFile, grid: RasterInfo, rules: LabelRules) -> Objects:
    """Find the objects of a file that is read already and meet a grid; see `read_objects`.

    Args:
        path: the file.
        file: what stands in it.
        grid, rules: as of `read_objects`.

    Raises:
        LabelError, GridError: as of `read_objects`.
    """
    if not len(file.geometries):
        return Objects(np.empty(0, object), np.empty(0, np.uint8), ObjectCounts())
    crs = _crs(path, file, rules)
    there = ~(shapely.is_missing(file.geometries) | shapely.is_empty(file.geometries))
    box = box_in(grid, crs)
    near = there & _meets(file.geometries, box)
    extent = _extent(file.geometries)
    is_elsewhere = there.any() and not _meets(np.array([shapely.box(*extent)]), box).any()
    moved = to_pixels(file.geometries[near], crs, grid, path)
    placed = _is_finite(moved)
    values, unknown = _values(file, near, rules)
    places, wrong = np.flatnonzero(placed), ~shapely.is_valid(moved[placed])
    valid = moved[placed]
    valid[wrong] = shapely.make_valid(valid[wrong])
    polygons, owners, n_thin = _polygons(valid, grid, rules.buffer_m)
    kept = values[places[owners]]
    used = kept >= 0
    counts = ObjectCounts(
        read=len(there),
        empty=int((~there).sum()),
        outside=int((there & ~near).sum()),
        unplaced=int((~placed).sum()),
        repaired=int(wrong.sum()) + file.n_mended,
        lost=len(set(np.flatnonzero(wrong)) - set(owners)),
        thin=n_thin,
        unknown=unknown,
        extents={str(path): extent} if is_elsewhere else {},
    )
    return Objects(polygons[used], kept[used].astype(np.uint8), counts)


def _crs(path: Path, file: VectorFile, rules: LabelRules) -> CRS:
    """Return the CRS of a file: as the rules say, else as the file says."""
    if rules.crs is not None:
        return parse_crs(rules.crs)
    if file.crs is None:
        raise LabelError(
            "expected a vector file that says its CRS; got none",
            where=path,
            do="give `crs`, such as EPSG:4326",
        )
    return file.crs


def _meets(
    geometries: Geometries, box: tuple[float, float, float, float] | None
) -> NDArray[np.bool_]:
    """Tell which geometries' boxes meet a box; all where there is none."""
    if box is None:
        return np.ones(len(geometries), bool)
    left, bottom, right, top = shapely.bounds(geometries).T
    meets: NDArray[np.bool_] = (
        (left <= box[2]) & (right >= box[0]) & (bottom <= box[3]) & (top >= box[1])
    )
    return meets


def _extent(geometries: Geometries) -> tuple[float, float, float, float]:
    """Return the box that holds all geometries."""
    left, bottom, right, top = map(float, shapely.total_bounds(geometries))
    return left, bottom, right, top


def _is_finite(geometries: Geometries) -> NDArray[np.bool_]:
    """Tell which geometries have finite coordinates only."""
    points, owners = shapely.get_coordinates(geometries, return_index=True)
    finite = np.ones(len(geometries), bool)
    finite[owners[~np.isfinite(points).all(axis=1)]] = False
    return finite


def _values(
    file: VectorFile, near: NDArray[np.bool_], rules: LabelRules
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Return the label value of each object near the scene, -1 where it is left out; and count the unknown ones."""
    if file.attribute is None:
        return np.full(int(near.sum()), rules.kinds[0].value), {}
    texts = ["" if one is None else text_of(one) for one in file.attribute[near]]
    values = [rules.value_of(text) for text in texts]
    known = {text for kind in rules.kinds for text in kind.wanted}
    unknown = Counter(text for text in texts if text not in known)
    return np.array([-1 if one is None else one for one in values], np.int64), dict(unknown)


def _polygons(
    geometries: Geometries, grid: RasterInfo, buffer_m: float | None
) -> tuple[Geometries, NDArray[np.intp], int]:
    """Take geometries apart into polygons; return them, the place of each one's owner, and how many were too thin."""
    parts, owners = geometries, np.arange(len(geometries))
    while np.isin(shapely.get_type_id(parts), _COLLECTIONS).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owners = owners[inner]
    there = ~shapely.is_empty(parts)
    parts, owners = parts[there], owners[there]
    thin = shapely.get_type_id(parts) != _POLYGON
    if buffer_m is None:
        return parts[~thin], owners[~thin], int(thin.sum())
    parts[thin] = grow(parts[thin], buffer_m, pixel_size_m(grid))
    return parts, owners, 0
