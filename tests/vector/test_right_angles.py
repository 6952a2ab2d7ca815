"""Buildings of known corners, drawn at every angle, and found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio.features
import shapely
from scipy import ndimage
from shapely import Polygon
from shapely.affinity import rotate, scale, translate
from shapely.geometry import shape

from landseer.raster.read import RasterInfo
from landseer.vector.ground import Ground
from landseer.vector.outlines import HOW, grouped, straighten
from landseer.vector.right_angles import right_angled

BUILDINGS = {
    "I": [(0, 0), (40, 0), (40, 24), (0, 24)],
    "L": [(0, 0), (50, 0), (50, 20), (22, 20), (22, 45), (0, 45)],
    "T": [(0, 0), (54, 0), (54, 18), (36, 18), (36, 44), (17, 44), (17, 18), (0, 18)],
    "U": [(0, 0), (56, 0), (56, 46), (38, 46), (38, 20), (18, 20), (18, 46), (0, 46)],
}


def turned(name: str, angle: float, rng: np.random.Generator) -> Polygon:
    """Return a building at an angle, somewhere between the pixels."""
    building = Polygon(BUILDINGS[name])
    middle = building.centroid
    at = rng.random(2) + 40
    return rotate(translate(building, at[0] - middle.x, at[1] - middle.y), angle, origin=tuple(at))


def drawn(building: Polygon, size: int = 84) -> Polygon:
    """Draw a building and return the outline of its pixels."""
    pixels = rasterio.features.rasterize([building], (size, size), dtype="uint8")
    (found,) = [shape(g) for g, v in rasterio.features.shapes(pixels) if v == 1]
    return found


def agreement(first: Polygon, second: Polygon) -> float:
    """Return intersection over union."""
    return first.intersection(second).area / first.union(second).area


@pytest.mark.parametrize("name", BUILDINGS)
def test_corners_are_found_again_at_every_angle(name: str) -> None:
    rng = np.random.default_rng(0)
    for angle in range(0, 90, 3):
        truth = turned(name, angle, rng)
        found = right_angled(drawn(truth))
        assert found is not None
        true, ours = (shapely.get_coordinates(p)[:-1] for p in (truth, found))
        assert len(true) == len(ours), angle
        apart = np.hypot(*(true[:, None] - ours[None]).transpose(2, 0, 1)).min(axis=1)
        assert apart.max() < 1, angle
        assert agreement(truth, found) >= 0.95


def test_angles_are_right_ones() -> None:
    found = right_angled(drawn(turned("T", 33, np.random.default_rng(1))))
    assert found is not None
    sides = np.diff(shapely.get_coordinates(found), axis=0)
    sides /= np.hypot(*sides.T)[:, None]
    np.testing.assert_allclose((sides[1:] * sides[:-1]).sum(axis=1), 0, atol=1e-9)


def test_courtyards_stay() -> None:
    rng = np.random.default_rng(2)
    yard = scale(turned("I", 20, rng), 0.4, 0.4)
    truth = scale(turned("I", 20, np.random.default_rng(2)), 1.3, 1.3).difference(yard)
    found = right_angled(drawn(truth))
    assert found is not None
    assert len(found.interiors) == 1
    assert agreement(truth, found) > 0.93
    hole = shapely.get_coordinates(found.interiors[0])
    assert len(hole) == 5


def test_pixels_that_are_not_square_on_the_ground() -> None:
    truth = turned("L", 25, np.random.default_rng(3))
    squeezed = scale(truth, 0.8, 1.25, origin=(0, 0))
    found = right_angled(drawn(squeezed, 110), (1.25, 0.8))
    assert found is not None
    assert len(found.exterior.coords) == 7
    assert agreement(truth, found) > 0.95


PIXELS = Ground(RasterInfo(Path("map.tif"), 84, 84, 1, "uint8", None, None, None, (None,)))


def test_what_cannot_be_right_angled_stays_as_it_is() -> None:
    disc = drawn(shapely.Point(40, 40).buffer(25))
    ring = drawn(shapely.Point(40, 40).buffer(30).difference(shapely.Point(40, 40).buffer(24)))
    box = drawn(turned("I", 50, np.random.default_rng(4)))
    outlines, how = straighten(np.array([disc, ring, box], object), PIXELS, min_iou=0.93)
    assert [HOW[one] for one in how] == ["simplified", "simplified", "right-angled"]
    for before, after in zip((disc, ring), outlines[:2], strict=True):
        assert agreement(before, after) > 0.9
        assert shapely.get_num_coordinates(after) < shapely.get_num_coordinates(before)


def test_single_pixels_and_lines_become_rectangles() -> None:
    shapes = np.array([shapely.box(3, 3, 4, 4), shapely.box(5, 5, 6, 30)], object)
    outlines, how = straighten(shapes, PIXELS, min_iou=0.85)
    assert all(a.equals(b) for a, b in zip(outlines, shapes, strict=True))
    assert (how <= 1).all()
    nothing, _ = straighten(np.zeros(0, object), PIXELS, min_iou=0.85)
    assert len(nothing) == 0


def test_parts_are_grouped_by_owner() -> None:
    boxes = shapely.box(np.arange(5.0), 0, np.arange(5.0) + 1, 1)
    found = grouped(boxes, np.array([1, 0, 1, 2, 2]))
    assert [g.geom_type for g in found] == ["Polygon", "MultiPolygon", "MultiPolygon"]
    assert [g.bounds[0] for g in found] == [1, 0, 3]
    assert list(grouped([], np.zeros(0, np.int64))) == []


@pytest.mark.parametrize("name", BUILDINGS)
def test_wavering_outlines_get_no_walls_of_their_own(name: str) -> None:
    rng = np.random.default_rng(5)
    for angle in range(0, 90, 10):
        truth = turned(name, angle, rng)
        sharp = rasterio.features.rasterize([truth], (84, 84), dtype="uint8").astype(float)
        noise = ndimage.gaussian_filter(rng.normal(size=sharp.shape), 1.5)
        wavering = (ndimage.gaussian_filter(sharp, 1.2) + 0.5 * noise > 0.5).astype(np.uint8)
        shapes = rasterio.features.shapes(wavering, mask=wavering == 1)
        outline = Polygon(max((shape(g) for g, _ in shapes), key=lambda g: g.area).exterior)
        found = right_angled(outline)
        assert found is not None
        assert len(found.exterior.coords) == len(truth.exterior.coords), angle
        assert agreement(truth, found) > max(0.95, agreement(truth, outline)), angle
