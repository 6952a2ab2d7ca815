"""Small things sieved and borders simplified, on maps whose right answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio.features
import shapely
from scipy import ndimage

from landseer.raster.read import RasterInfo
from landseer.vector.coverage import joined, simplify, with_nodes
from landseer.vector.ground import Ground
from landseer.vector.rings import Rings
from landseer.vector.runs import find_runs
from landseer.vector.shapes import ShapeCollector, Shapes
from landseer.vector.small import Sieve

GROUND = Ground(RasterInfo(Path("map.tif"), 90, 90, 1, "uint8", None, None, None, (None,)))


def shapes_of(classes: np.ndarray, rows: int) -> list[Shapes]:
    """Collect the shapes of an array strip by strip; 0 is none."""
    collector = ShapeCollector(*classes.shape)
    found = []
    for row in range(0, len(classes), rows):
        runs = find_runs(classes[row : row + rows], row)
        runs = runs.take(runs.value != 0)
        last = min(row + rows, len(classes)) - 1
        found.append(collector.feed(runs, np.zeros((len(runs), 2)), last))
    return found


def sieved(classes: np.ndarray, rows: int, **least: float) -> np.ndarray:
    """Sieve, and draw what stays."""
    sieve = Sieve(GROUND, **least)
    drawn = np.zeros(classes.shape, np.uint8)
    for shapes in shapes_of(classes, rows):
        kept, n_gone = sieve.clean(shapes)
        assert len(kept.value) + n_gone == len(shapes.value)
        polygons = kept.rings.polygons()
        for polygon, feature in zip(polygons, kept.feature, strict=True):
            only = rasterio.features.rasterize([polygon], classes.shape, dtype="uint8")
            assert not (drawn[only == 1]).any(), "polygons overlap"
            drawn[only == 1] = kept.value[feature]
    return drawn


def _nested() -> np.ndarray:
    """A field with a pond in a wood in it, a lone pixel, and a pair of small shapes in one hole."""
    classes = np.zeros((30, 30), np.uint8)
    classes[2:28, 2:28] = 1
    classes[5:11, 5:11] = 2
    classes[7:9, 7:9] = 3
    classes[15, 15] = 2
    classes[20:22, 20:22], classes[20:22, 22:24] = 2, 3
    classes[25, 5] = 0
    return classes


@pytest.mark.parametrize("rows", [1, 4, 30])
def test_small_shapes_go_to_the_one_around_them(rows: int) -> None:
    classes = _nested()
    expected = classes.copy()
    expected[15, 15] = 1
    np.testing.assert_array_equal(sieved(classes, rows, min_area=2), expected)
    expected[7:9, 7:9] = 2
    expected[20:22, 20:24] = 1
    np.testing.assert_array_equal(sieved(classes, rows, min_area=5), expected)
    expected[5:11, 5:11] = 1
    np.testing.assert_array_equal(sieved(classes, rows, min_area=33), expected)


@pytest.mark.parametrize("rows", [1, 7, 30])
def test_small_holes_are_filled_unless_something_lies_in_them(rows: int) -> None:
    classes = _nested()
    classes[20:22, 22:24] = 0
    expected = classes.copy()
    expected[25, 5] = 1
    np.testing.assert_array_equal(sieved(classes, rows, min_hole=9), expected)
    expected[15, 15] = expected[20:22, 20:24] = 1
    np.testing.assert_array_equal(sieved(classes, rows, min_hole=9, min_area=5)[10:], expected[10:])


def test_a_small_shape_between_two_others_leaves_open_ground() -> None:
    classes = np.ones((10, 10), np.uint8)
    classes[:, 5:] = 2
    classes[4, 4:6] = 3
    expected = classes.copy()
    expected[4, 4:6] = 0
    np.testing.assert_array_equal(sieved(classes, 3, min_area=3), expected)


def test_sieving_nothing_changes_nothing() -> None:
    classes = np.random.default_rng(0).integers(0, 3, (20, 20)).astype(np.uint8)
    np.testing.assert_array_equal(sieved(classes, 6), classes)
    np.testing.assert_array_equal(sieved(classes, 6, min_area=1e-9), classes)


def _land(seed: int = 1) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(90, 90)), 3)
    return (1 + np.digitize(noise, np.quantile(noise, [0.3, 0.6, 0.8]))).astype(np.uint8)


def _rings(classes: np.ndarray, rows: int = 13) -> Rings:
    return joined([shapes.rings for shapes in shapes_of(classes, rows)])


@pytest.mark.parametrize("tolerance", [0.8, 2.0])
def test_simpler_neighbours_share_their_borders(tolerance: float) -> None:
    rings = _rings(_land())
    before = rings.polygons()
    after = simplify(rings, tolerance, GROUND)
    assert shapely.coverage_is_valid(after)
    assert shapely.is_valid(after).all()
    assert (
        shapely.get_num_coordinates(after).sum() < shapely.get_num_coordinates(before).sum() / 1.4
    )
    assert shapely.union_all(after).area == pytest.approx(90 * 90, rel=1e-3)
    assert shapely.area(after).sum() == pytest.approx(shapely.union_all(after).area)
    assert len(after) == len(before)


def test_nodes_change_no_shape_and_make_borders_common() -> None:
    rings = _rings(_land(2))
    assert not shapely.coverage_is_valid(rings.polygons())
    with_them = with_nodes(rings).polygons()
    assert shapely.coverage_is_valid(with_them)
    assert shapely.equals(with_them, rings.polygons()).all()


def test_nothing_to_simplify() -> None:
    assert len(simplify(joined([]), 1.0, GROUND)) == 0
