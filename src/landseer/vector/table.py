"""The attributes of polygons, as columns, and where they lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from landseer.samples.footprint import same_crs
from landseer.vector.features import Features
from landseer.vector.files import Columns
from landseer.vector.ground import Ground
from landseer.vector.outlines import HOW

LONLAT = "EPSG:4326"
"""The CRS of GeoJSON."""

_HALF = 180.0
_TURN = np.array([360.0, 0.0])

CONFIDENCE_DIGITS = 4
"""Decimals of confidence."""


@dataclass(frozen=True, slots=True)
class Table:
    """How a map's features become rows.

    Attributes:
        ground: the ground under the map.
        crs: of the coordinates; None leaves pixels.
        names: class names by value; a class without name is called by its value.
        scene: name of the map, where the file holds several.
        is_straightened: whether to say what became of each outline.
    """

    ground: Ground
    crs: str | None
    names: dict[int, str]
    scene: str | None
    is_straightened: bool

    def columns(self, features: Features, first_id: int) -> Columns:
        """Return id, scene, class, value, area, perimeter, confidence, whether cut off, and the outline.

        Args:
            features: in pixel coordinates.
            first_id: id of the first.

        Edges: areas and perimeters on the ellipsoid, of the outlines as they are written; in pixels without a CRS.
        """
        count = len(features.value)
        area, length = (
            ("area_px", "perimeter_px") if self.crs is None else ("area_m2", "perimeter_m")
        )
        columns: dict[str, NDArray[Any]] = {"id": np.arange(first_id, first_id + count)}
        if self.scene is not None:
            columns["scene"] = np.full(count, self.scene, object)
        names = [self.names.get(value, str(value)) for value in features.value.tolist()]
        columns |= {
            "class": np.array(names, object),
            "value": features.value.astype(np.int32),
            area: self.ground.areas(features.geometry),
            length: self.ground.perimeters(features.geometry),
            "confidence": np.round(features.confidence, CONFIDENCE_DIGITS),
            "touches_edge": features.touches_edge,
        }
        if self.is_straightened:
            columns["outline"] = np.array([HOW[how] for how in features.how.tolist()], object)
        return columns

    def place(self, features: Features) -> NDArray[np.object_]:
        """Return the geometries in the CRS of the file, shells counter-clockwise."""
        if self.crs is None:
            return features.geometry
        placed = self.ground.place(features.geometry)
        if self.ground.crs is None or same_crs(self.ground.crs, self.crs):
            return placed
        to_crs = Transformer.from_crs(self.ground.crs, self.crs, always_xy=True)
        moved = shapely.transform(
            placed, lambda points: np.stack(to_crs.transform(*points.T), axis=1)
        )
        if CRS.from_user_input(self.crs).is_geographic:
            moved = _cut_at_antimeridian(moved)
        return shapely.orient_polygons(moved, exterior_cw=False)


def _cut_at_antimeridian(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Divide shapes in degrees that lie on both sides of 180 degrees, as RFC 7946 (3.1.9) wants it."""
    west, _, east, _ = shapely.bounds(shapes).reshape(-1, 4).T
    crosses = np.flatnonzero(east - west > _HALF)
    if not len(crosses):
        return shapes
    whole = shapely.transform(shapes[crosses], lambda xy: np.where(_is_west(xy), xy + _TURN, xy))
    before = shapely.intersection(whole, shapely.box(-_HALF, -90, _HALF, 90))
    beyond = shapely.intersection(whole, shapely.box(_HALF, -90, 3 * _HALF, 90))
    cut = shapes.copy()
    cut[crosses] = shapely.union(before, shapely.transform(beyond, lambda xy: xy - _TURN))
    return cut


def _is_west(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which longitudes are negative, as a column."""
    return points[:, :1] < 0


@dataclass
class Tally:
    """What has been written so far.

    Attributes:
        by_class: features by class.
        shapes: features by what became of their outline.
        wanted: classes that were asked for, names by value.
        n_small: shapes left out as too small.
        area_m2: their area; None where no map has a CRS.
        notes: what a user should know.
    """

    by_class: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    wanted: dict[int, str] = field(default_factory=dict)
    n_small: int = 0
    area_m2: float | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, columns: Columns, n_small: int) -> None:
        """Count a batch."""
        self.by_class.update(columns["class"].tolist())
        self.shapes.update(columns["outline"].tolist() if "outline" in columns else ())
        self.n_small += n_small
        if "area_m2" in columns:
            self.area_m2 = (self.area_m2 or 0.0) + float(columns["area_m2"].sum())
