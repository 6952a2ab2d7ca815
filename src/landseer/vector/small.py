"""Small shapes and small holes: what is left out, and what is filled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from landseer.vector.ground import Ground
from landseer.vector.rings import Rings
from landseer.vector.shapes import Shapes


class Sieve:
    """Leaves out small shapes and fills small holes, while shapes come from top to bottom.

    A shape goes where its pixels cover less than `min_area`. The ground that it leaves belongs to the shape around it
    where that shape is the only one it touches; otherwise to none. A hole is also filled where it is smaller than
    `min_hole` and no shape that stays lies in it.

    Args:
        ground: measures areas.
        min_area, min_hole: m2; pixels where the map has no CRS.
    """

    def __init__(self, ground: Ground, min_area: float = 0.0, min_hole: float = 0.0) -> None:
        self._ground, self._min_area, self._min_hole = ground, min_area, min_hole
        self._seen: list[_Seen] = []

    def clean(self, shapes: Shapes) -> tuple[Shapes, int]:
        """Clean the shapes that were closed together.

        Returns:
            What stays, and how many shapes went.

        Edges: shapes are weighed before their holes are filled.
        """
        rings = shapes.rings
        if not len(rings.shape) or not (self._min_area or self._min_hole):
            return shapes, 0
        outlines = shapely.polygons(rings.linear_rings())
        signed = np.where(rings.is_shell, 1.0, -1.0)
        area, area_px = self._ground.areas(outlines), shapely.area(outlines)
        owner = shapes.feature[rings.shape]
        total = np.bincount(owner, signed * area, len(shapes.value))
        stays = total >= self._min_area
        part_px = np.bincount(rings.shape, signed * area_px).astype(np.float64)
        self._remember(rings, stays[owner], area, part_px)
        is_kept = stays[owner]
        holes = np.flatnonzero(is_kept & ~rings.is_shell)
        is_kept[holes[self._is_filled(outlines[holes], area[holes], area_px[holes])]] = False
        return _select(shapes, stays, is_kept), int((~stays).sum())

    def _remember(
        self,
        rings: Rings,
        stays: NDArray[np.bool_],
        area: NDArray[np.float64],
        part_px: NDArray[np.float64],
    ) -> None:
        """Note where the parts are that may decide about a hole: those that go, and small ones that stay."""
        is_noted = rings.is_shell & (~stays | (area < self._min_hole))
        if is_noted.any():
            # An outline begins at the left end of a top edge, so that its first pixel lies below and to the right.
            inside = rings.points[rings.first[:-1][is_noted]] + 0.5
            self._seen.append(_Seen(inside, part_px[rings.shape[is_noted]], stays[is_noted]))

    def _is_filled(
        self, outlines: NDArray[np.object_], area: NDArray[np.float64], area_px: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Tell which holes are filled."""
        count = len(outlines)
        gone, left = np.zeros(count), np.zeros(count, bool)
        if count:
            top, bottom = shapely.total_bounds(outlines)[[1, 3]]
            tree = shapely.STRtree(outlines)
            for seen in self._seen:
                if not seen.reaches(top, bottom):
                    continue
                point, hole = tree.query(shapely.points(seen.inside), predicate="within")
                left[hole[seen.stays[point]]] = True
                gone += np.bincount(hole, np.where(seen.stays, 0, seen.n_px)[point], count)
        return (gone == area_px) | (~left & (area < self._min_hole))


class _Seen:
    """Parts that were met in one strip: a point in each, its pixels, and whether it stays."""

    def __init__(
        self, inside: NDArray[np.float64], n_px: NDArray[np.float64], stays: NDArray[np.bool_]
    ) -> None:
        self.inside, self.n_px, self.stays = inside, n_px, stays
        self._top, self._bottom = inside[:, 1].min(), inside[:, 1].max()

    def reaches(self, top: float, bottom: float) -> bool:
        """Whether any of them can lie between two lines."""
        return bool(self._top < bottom and self._bottom > top)


def _select(shapes: Shapes, stays: NDArray[np.bool_], is_kept: NDArray[np.bool_]) -> Shapes:
    """Keep some of the shapes and some of their rings."""
    part_stays = stays[shapes.feature]
    feature = np.cumsum(stays)[shapes.feature[part_stays]] - 1
    columns = ("value", "n_px", "weight", "n_weighted", "is_cut")
    return replace(
        shapes,
        rings=shapes.rings.keep(is_kept),
        feature=feature,
        **{name: getattr(shapes, name)[stays] for name in columns},
    )
