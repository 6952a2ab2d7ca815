"""Shapes from strips against GDAL's polygonize on the whole map, and against rendering."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio.features
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from shapely.geometry import shape

from landseer.errors import BandError, DataError, GridError
from landseer.raster.write import write_raster
from landseer.vector.polygonise import polygonise
from landseer.vector.rings import trace
from landseer.vector.runs import Runs, find_runs, touching
from landseer.vector.shapes import NODATA, ShapeCollector, Shapes

SMALL_MAPS = arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)
)


def as_features(shapes: Shapes) -> list[tuple[int, shapely.Geometry, int]]:
    """Return value, geometry and number of pixels of each shape."""
    polygons = shapes.rings.polygons()
    return [
        (
            int(shapes.value[f]),
            shapely.MultiPolygon(list(polygons[shapes.feature == f])),
            int(shapes.n_px[f]),
        )
        for f in range(len(shapes.value))
    ]


def in_strips(classes: np.ndarray, rows: int, connectivity: int = 4) -> list[Shapes]:
    """Collect the shapes of an array strip by strip; 255 is missing."""
    collector = ShapeCollector(classes.shape[0], classes.shape[1], connectivity)  # type: ignore[arg-type]
    found = []
    for row in range(0, len(classes), rows):
        strip = classes[row : row + rows]
        runs = find_runs(strip, row)
        runs = runs.take(runs.value != 0)
        runs.value[runs.value == 255] = NODATA
        weight = np.stack([(runs.stop - runs.start) * 0.5, runs.stop - runs.start], axis=1)
        found.append(collector.feed(runs, weight, row + len(strip) - 1))
    return found


def by_gdal(classes: np.ndarray, connectivity: int) -> list[tuple[int, shapely.Geometry]]:
    """Polygonise in one piece."""
    wanted = (classes != 0) & (classes != 255)
    found = rasterio.features.shapes(classes, mask=wanted, connectivity=connectivity)
    return [(int(value), shapely.make_valid(shape(geometry))) for geometry, value in found]


@settings(max_examples=150, deadline=None)
@given(classes=SMALL_MAPS, rows=st.integers(1, 12), connectivity=st.sampled_from([4, 8]))
def test_strips_give_what_gdal_gives_in_one_piece(
    classes: np.ndarray, rows: int, connectivity: int
) -> None:
    expected = by_gdal(classes, connectivity)
    found = [f for s in in_strips(classes, rows, connectivity) for f in as_features(s)]
    assert len(found) == len(expected)
    for value, geometry, n_px in found:
        assert geometry.is_valid
        assert geometry.area == n_px
        assert any(value == other and geometry.equals(same) for other, same in expected)


@pytest.mark.parametrize("rows", [1, 7, 64, 200])
def test_large_shapes_with_holes_span_strips(rows: int) -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(200, 150)), 3)
    classes = np.digitize(noise, np.quantile(noise, [0.3, 0.6, 0.8])).astype(np.uint8)
    classes[90:95, 20:40] = 255
    found = [f for s in in_strips(classes, rows) for f in as_features(s)]
    expected = by_gdal(classes, 4)
    assert len(found) == len(expected)
    assert sum(len(part.interiors) for _, g, _ in found for part in g.geoms) > 10
    drawn = rasterio.features.rasterize([(g, v) for v, g, _ in found], classes.shape, dtype="uint8")
    np.testing.assert_array_equal(drawn, np.where(classes == 255, 0, classes))
    union = {v: shapely.union_all([g for w, g in expected if w == v]) for v in (1, 2, 3)}
    for value, whole in union.items():
        ours = shapely.union_all([g for w, g, _ in found if w == value])
        assert ours.symmetric_difference(whole).area == 0


def test_corners_stand_where_the_outline_turns_alone() -> None:
    classes = np.ones((50, 40), np.uint8)
    (polygon,) = [s.rings.polygons()[0] for s in in_strips(classes, 3) if len(s.value)]
    assert len(polygon.exterior.coords) == 5


def test_weights_of_strips_add_up() -> None:
    classes = np.zeros((30, 10), np.uint8)
    classes[2:28, 3:5] = 1
    (shapes,) = [s for s in in_strips(classes, 4) if len(s.value)]
    assert (shapes.weight[0], shapes.n_weighted[0]) == (26.0, 52)


def test_shapes_at_the_border_or_at_missing_pixels_are_cut() -> None:
    classes = np.zeros((20, 20), np.uint8)
    classes[3:5, 3:5] = 1
    classes[0, 10:12] = 2
    classes[8:10, 19] = 3
    classes[12, 5], classes[13, 5] = 4, 255
    classes[16, 9], classes[16, 10] = 255, 5
    found = {
        int(v): bool(c)
        for rows in (1, 13, 20)
        for s in in_strips(classes, rows)
        for v, c in zip(s.value, s.is_cut, strict=True)
    }
    assert found == {1: False, 2: True, 3: True, 4: True, 5: True}


def test_a_closed_shape_leaves_at_once_and_nothing_is_kept() -> None:
    classes = np.zeros((100, 10), np.uint8)
    classes[::4, 2:6] = 1
    counts = [len(s.value) for s in in_strips(classes, 2)]
    assert set(counts[1:]) == {0, 1}


def test_touching_runs_by_a_slow_loop() -> None:
    rng = np.random.default_rng(3)
    runs = find_runs(rng.integers(0, 3, (9, 14)))
    for corners in (False, True):
        slow = {
            (i, j)
            for i in range(len(runs))
            for j in range(len(runs))
            if runs.row[j] == runs.row[i] + 1
            and runs.start[j] < runs.stop[i] + corners
            and runs.stop[j] + corners > runs.start[i]
        }
        assert {tuple(pair) for pair in touching(runs, corners=corners).tolist()} == slow


def test_no_shapes_have_no_rings() -> None:
    empty = np.zeros(0, np.int64)
    assert len(trace(empty, np.zeros((0, 4), np.int64)).polygons()) == 0
    assert len(Runs(empty, empty, empty, empty)) == 0


def _features(path: Path, **options: object) -> list[tuple[int, shapely.Geometry, int]]:
    return [f for s in polygonise(path, **options) for f in as_features(s)]  # type: ignore[arg-type]


def test_files_come_in_strips_of_any_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    classes = (ndimage.gaussian_filter(rng.normal(size=(600, 700)), 4) > 0.05).astype(np.uint8)
    path = tmp_path / "map.tif"
    write_raster(path, classes, nodata=255)
    once, often = _features(path), _features(path, strip_bytes=1)
    assert len(once) == len(often) == ndimage.label(classes)[1]
    key = [g.wkb for _, g, _ in once]
    assert sorted(key) == sorted(g.wkb for _, g, _ in often)


def test_class_0_is_a_shape_where_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    write_raster(path, np.array([[0, 1, 255], [0, 2, 255]], np.uint8))
    assert {v for v, *_ in _features(path)} == {1, 2}
    assert {v for v, *_ in _features(path, values=[0, 2, 255])} == {0, 2}


def test_probabilities_are_weighed_by_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    classes = ndimage.zoom(rng.integers(0, 3, (10, 12)).astype(np.uint8), 8, order=0)
    probability = rng.random((2, *classes.shape)).astype(np.float32) / 2
    probability[:, 10:14, 5:60] = np.nan
    path, shares, cents = (tmp_path / n for n in ("m.tif", "m_probability.tif", "c.tif"))
    write_raster(path, classes)
    write_raster(shares, probability, nodata=float("nan"))
    as_bytes = np.where(np.isnan(probability), 255, np.rint(probability * 100)).astype(np.uint8)
    write_raster(cents, as_bytes, nodata=255)
    whole = np.concatenate([1 - probability.sum(axis=0, keepdims=True), probability])
    for file, tolerance in ((shares, 1e-6), (cents, 0.01)):
        for shapes in polygonise(path, values=[0, 1, 2], probability=file, strip_bytes=1):
            polygons = shapes.rings.polygons()
            for f, value in enumerate(shapes.value):
                inside = rasterio.features.rasterize(polygons[shapes.feature == f], classes.shape)
                expected = np.nanmean(whole[value][inside == 1])
                assert shapes.weight[f] / shapes.n_weighted[f] == pytest.approx(
                    expected, abs=tolerance
                )


def test_what_is_no_class_map_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "map.tif", tmp_path / "other.tif"
    write_raster(path, np.zeros((2, 4, 4), np.uint8))
    with pytest.raises(BandError, match="one band; got 2"):
        list(polygonise(path))
    write_raster(path, np.full((4, 4), 0.5, np.float32))
    with pytest.raises(DataError, match=r"got 0\.5"):
        list(polygonise(path))
    write_raster(path, np.full((4, 4), 3, np.uint8))
    write_raster(other, np.zeros((5, 4), np.float32))
    with pytest.raises(GridError, match="5 x 4"):
        list(polygonise(path, probability=other))
    write_raster(other, np.zeros((4, 4), np.float32))
    with pytest.raises(BandError, match="got 1"):
        list(polygonise(path, probability=other))


def test_floats_of_whole_numbers_are_a_map_and_nan_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    write_raster(path, np.array([[1, np.nan], [2, 2]], np.float32), nodata=float("nan"))
    assert [(v, n) for v, _, n in sorted(_features(path), key=lambda f: f[0])] == [(1, 1), (2, 2)]


def test_memory_does_not_grow_with_the_height(tmp_path: Path) -> None:
    def peak(height: int) -> int:
        classes = np.zeros((height, 512), np.uint8)
        classes[4::8, 8::3], classes[:, 2] = 1, 2
        path = tmp_path / f"{height}.tif"
        write_raster(path, classes)
        del classes
        tracemalloc.start()
        count = sum(len(s.value) for s in polygonise(path, strip_bytes=1))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count > height // 8 * 100
        return most

    assert peak(8192) < 1.1 * peak(2048)
