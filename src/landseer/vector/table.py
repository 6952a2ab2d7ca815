"""The attributes of polygons, as columns, and where they lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from landseer.samples.footprint import same_crs
from landseer.vector.features import Features
from landseer.vector.files import Columns
from landseer.vector.ground import Ground
from landseer.vector.outlines import HOW

LONLAT = "EPSG:4326"
"""The CRS of GeoJSON."""

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
        return shapely.orient_polygons(moved, exterior_cw=False)


@dataclass
class Tally:
    """What has been written so far.

    Attributes:
        by_class: features by class.
        shapes: features by what became of their outline.
        n_small: shapes left out as too small.
        area_m2: their area; None where no map has a CRS.
        notes: what a user should know.
    """

    by_class: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
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
