"""Burnt labels: as one pass of rasterio has them, the same for strips of any height, in the right order."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import rasterize
from scipy import ndimage

from landseer.core.classes import IGNORE, ClassTable
from landseer.errors import WriteError
from landseer.raster.label import read_label
from landseer.raster.read import RasterInfo, read_info
from landseer.vector import burn
from landseer.vector.burn import burn_label, burn_strips
from landseer.vector.labels import ObjectCounts, Objects
from landseer.vector.rules import Kind, LabelRules


def grid(height: int, width: int, step: float = 0.5) -> RasterInfo:
    """Make the header of a raster in UTM."""
    transform = (step, 0.0, 5e5, 0.0, -step, 5e6)
    return RasterInfo(
        Path("scene.tif"), width, height, 3, "uint8", "EPSG:32633", transform, None, ()
    )


def objects(polygons: list[shapely.Polygon], values: list[int]) -> Objects:
    """Make objects."""
    array = np.empty(len(polygons), object)
    array[:] = polygons
    return Objects(array, np.array(values, np.uint8), ObjectCounts())


def blobs(seed: int, n: int, height: int, width: int) -> list[shapely.Polygon]:
    """Make polygons of random shape, place and size, some with holes, some across the edges."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 9)))
        radius = rng.uniform(3, 40) * rng.uniform(0.5, 1, turns.size)
        centre = rng.uniform((-10, -10), (width + 10, height + 10))
        shape = shapely.Polygon(
            centre + np.stack([np.cos(turns), np.sin(turns)], 1) * radius[:, None]
        )
        if not shape.is_valid:
            continue
        hole = shape.buffer(-4)
        has_hole = rng.random() < 0.3 and hole.geom_type == "Polygon" and not hole.is_empty
        made.append(shape.difference(hole) if has_hole else shape)
    return made


def whole(
    info: RasterInfo, things: Objects, rules: LabelRules, rows: int | None = None, **more: Any
) -> np.ndarray:
    """Burn and put the strips together."""
    strips = list(burn_strips(info, things, rules, strip_rows=rows, **more))
    return np.concatenate([strip for _, strip in strips])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 130), touched=st.booleans())
def test_strips_equal_one_pass_of_rasterio(seed: int, rows: int, touched: bool) -> None:
    """Strips of any height give what rasterio burns in one pass in the CRS of the grid."""
    info, rules = (
        grid(120, 150),
        LabelRules((Kind(1), Kind(2)), attribute="kind", all_touched=touched),
    )
    polygons = blobs(seed, 40, 120, 150)
    values = np.random.default_rng(seed).integers(1, 3, len(polygons)).tolist()
    found = whole(info, objects(polygons, values), rules, rows)
    ordered = sorted(
        zip(values, range(len(values)), polygons, strict=True), key=lambda one: one[:2]
    )
    world = [
        (shapely.transform(one, lambda xy: xy * (0.5, -0.5) + (5e5, 5e6)), value)
        for value, _, one in ordered
    ]
    expected = (
        rasterize(
            world,
            (120, 150),
            transform=Affine(*info.transform or ()),
            all_touched=touched,
            dtype="uint8",
        )
        if world
        else 0
    )
    np.testing.assert_array_equal(found, np.broadcast_to(expected, (120, 150)))


def test_pixels_are_those_whose_centre_is_covered() -> None:
    """A slow loop over pixel centres finds the same pixels."""
    polygons = blobs(4, 12, 40, 50)
    found = whole(grid(40, 50), objects(polygons, [1] * len(polygons)), LabelRules(), 7)
    union = shapely.union_all(polygons)
    cols, rows = np.meshgrid(np.arange(50) + 0.5, np.arange(40) + 0.5)
    np.testing.assert_array_equal(found == 1, shapely.contains_xy(union, cols, rows))


def test_later_classes_lie_over_earlier_ones() -> None:
    """The order of classes decides, not the order in the file; what is unknown lies lowest."""
    rules = LabelRules((Kind(5, ("a",)), Kind(2, ("b",))), attribute="kind", background=9)
    square = [shapely.box(0, 0, 6, 6), shapely.box(2, 2, 8, 8), shapely.box(4, 4, 10, 10)]
    found = whole(grid(12, 12), objects(square, [2, 5, 254]), rules)
    expected = np.full((12, 12), 9)
    expected[4:10, 4:10] = 254
    expected[2:8, 2:8] = 5
    expected[0:6, 0:6] = 2
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("width", "options"), [(3, {"border_px": 3}), (4, {"border_m": 2.0})])
def test_borders_keep_touching_houses_apart(width: int, options: dict[str, Any]) -> None:
    """The border lies inside each house; a house and its border together are the house."""
    houses = objects([shapely.box(5, 5, 25, 25), shapely.box(25, 5, 45, 25)], [1, 1])
    found = whole(grid(30, 50), houses, LabelRules(border=2, **options), 11)
    assert ndimage.label(found == 1)[1] == 2
    expected = np.zeros((30, 50), int)
    expected[5:25, 5:45] = 2
    inner = slice(5 + width, 25 - width)
    expected[inner, 5 + width : 25 - width] = 1
    expected[inner, 25 + width : 45 - width] = 1
    np.testing.assert_array_equal(found, expected)


def test_ignored_ring_follows_outlines() -> None:
    """Pixels whose centre is within 1.5 m of an outline are ignored, inside and outside, holes too."""
    polygons = blobs(11, 6, 80, 90)
    found = whole(
        grid(80, 90), objects(polygons, [1] * len(polygons)), LabelRules(ignore_ring_m=1.5), 13
    )
    cols, rows = np.meshgrid(np.arange(90) + 0.5, np.arange(80) + 0.5)
    outlines = shapely.union_all(shapely.boundary(polygons))
    apart = shapely.distance(outlines, shapely.points(cols, rows)) * 0.5
    # Arcs of the ring are polygons of 16 corners a quarter turn, which cut a little off.
    sure = (apart < 1.48) | (apart > 1.52)
    np.testing.assert_array_equal((found == IGNORE)[sure], (apart < 1.5)[sure])


def test_outside_areas_of_interest_all_is_ignored() -> None:
    """Objects and background count within the areas only; no area at all ignores everything."""
    areas = np.array([shapely.box(0, 0, 20, 30), shapely.Point(35, 15).buffer(9)], object)
    houses = objects([shapely.box(10, 10, 40, 20)], [1])
    plain = whole(grid(30, 50), houses, LabelRules())
    found = whole(grid(30, 50), houses, LabelRules(), 8, areas=areas)
    cols, rows = np.meshgrid(np.arange(50) + 0.5, np.arange(30) + 0.5)
    inside = shapely.contains_xy(shapely.union_all(areas), cols, rows)
    np.testing.assert_array_equal(found, np.where(inside, plain, IGNORE))
    assert (whole(grid(30, 50), houses, LabelRules(), areas=areas[:0]) == IGNORE).all()


def test_file_has_the_grid_and_reads_as_classes(tmp_path: Path) -> None:
    """The file has the scene's size and place; 254 is unknown, 255 ignored; it is tiled and small."""
    info = grid(700, 1100)
    things = objects([shapely.box(10, 10, 600, 500), shapely.box(700, 100, 800, 650)], [4, 254])
    rules = LabelRules((Kind(4, ("a",)),), attribute="kind")
    areas = np.array([shapely.box(0, 0, 1100, 600)], object)
    burn_label(tmp_path / "labels" / "a.tif", info, things, rules, areas)
    written = read_info(tmp_path / "labels" / "a.tif")
    assert (written.height, written.width, written.crs, written.transform) == (
        700,
        1100,
        info.crs,
        info.transform,
    )
    assert (written.dtype, written.nodata) == ("uint8", IGNORE)
    classes = read_label(tmp_path / "labels" / "a.tif", ClassTable(("ground", "a"), (0, 4)))
    assert np.unique(classes).tolist() == [0, 1, 254, 255]
    np.testing.assert_array_equal(classes == 1, whole(info, things, rules, 100, areas=areas) == 4)
    with rasterio.open(tmp_path / "labels" / "a.tif") as dataset:
        assert dataset.block_shapes == [(512, 512)]


def test_nothing_is_left_of_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels that do not arrive are noticed, and no file appears."""
    numbers = count()
    monkeypatch.setattr(burn.zlib, "crc32", lambda _: next(numbers))
    with pytest.raises(WriteError, match="did not arrive"):
        burn_label(tmp_path / "a.tif", grid(20, 20), objects([], []), LabelRules())
    assert list(tmp_path.iterdir()) == []
